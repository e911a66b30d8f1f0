# The build container: kubeplat with Terraform, its AWS provider, kubectl, and what a shell needs.
#
# scripts/image builds it (`make image`); docs/container.md tells what can be given to the build from outside, and
# what takes the room. It starts as whoever starts it, on a root file system that nobody can write to.

# Debian 13, the index of all its machines. Another base must bring apt and Python 3.11 or newer.
ARG BASE=docker.io/library/debian:trixie-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f

# Empty, unless the build is given a folder under this name: --build-context vendor=FOLDER. See container/fetch.
FROM scratch AS vendor

# --- programs that are fetched by version and sum ---
FROM ${BASE} AS programs
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl unzip \
    && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY container/fetch container/downloads.sha256 /build/
COPY terraform/cluster/versions.tf terraform/cluster/.terraform.lock.hcl /build/roots/
RUN --mount=type=bind,from=vendor,target=/vendor \
    --mount=type=secret,id=certificates,target=/run/certificates \
    CURL_CA_BUNDLE=/run/certificates /build/fetch /vendor /fetched

# --- the private Python environment, made as a native start makes it ---
FROM ${BASE} AS packages
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3-venv \
    && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml constraints.txt /opt/kubeplat/
COPY scripts/venv_maker.py /build/
RUN --mount=type=secret,id=certificates,target=/run/certificates \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    if [ -s /run/certificates ]; then export PIP_CERT=/run/certificates; fi \
    && python3 -I /build/venv_maker.py /opt/kubeplat /opt/kubeplat/lib/venv constraints.txt sandbox \
    && /opt/kubeplat/lib/venv/bin/python -m pip uninstall --yes --quiet pip \
    && rm -r /opt/kubeplat/lib/venv.log /opt/kubeplat/lib/venv/users \
    && chmod --recursive go+rX /opt/kubeplat

# --- the image ---
FROM ${BASE}
# libnss-extrausers: a name for whatever user id the container is started as (container/entrypoint.py).
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        bash-completion ca-certificates git less libnss-extrausers nano openssh-client procps python3 \
    && apt-get clean && rm -rf /var/lib/apt/lists/* /var/lib/extrausers \
    && sed -i -E '/^(passwd|group):/ s/$/ extrausers/' /etc/nsswitch.conf \
    && ln -s /platform/.users /var/lib/extrausers \
    && mkdir -m 1777 /platform /home/kubeplat

COPY --from=programs /fetched/bin/ /usr/local/bin/
COPY --from=programs /fetched/plugins/ /usr/share/terraform/plugins/
COPY --from=packages /opt/kubeplat/lib/ /opt/kubeplat/lib/
COPY container/bin/ /usr/local/bin/
COPY container/entrypoint.py /opt/kubeplat/lib/
COPY LICENSE /opt/kubeplat/
COPY environments/ /opt/kubeplat/environments/
COPY terraform/ /opt/kubeplat/terraform/
COPY kubeplat_tui/ /opt/kubeplat/kubeplat_tui/

ENV HOME=/home/kubeplat \
    LANG=C.UTF-8 \
    EDITOR=nano \
    SHELL=/bin/bash \
    CHECKPOINT_DISABLE=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    KUBEPLAT_ENVIRONMENTS=/platform/environments
WORKDIR /platform

# Nobody can write bytecode later. Then everything is tried as a user that the image has never heard of.
COPY container/check /tmp/check
RUN /opt/kubeplat/lib/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash \
        /opt/kubeplat/kubeplat_tui /opt/kubeplat/lib/entrypoint.py \
    && kubectl completion bash >/usr/share/bash-completion/completions/kubectl \
    && kubeplat completion bash >/usr/share/bash-completion/completions/kubeplat \
    && setpriv --reuid=4321 --regid=4321 --clear-groups /tmp/check \
    && rm -r /tmp/check

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="kubeplat" \
    org.opencontainers.image.description="Stand up, run and take down Kubernetes clusters on AWS." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"

USER 1000:1000
# Terraform ends cleanly within this, as scripts/container.sh gives it: --stop-timeout.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/kubeplat/lib/venv/bin/python", "-I", "/opt/kubeplat/lib/entrypoint.py"]
