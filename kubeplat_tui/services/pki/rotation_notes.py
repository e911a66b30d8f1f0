"""What each step of a rotation does, and what has to have happened on the machines before the next one.

Sources: Kubernetes' "Manual Rotation of CA Certificates"; measured on 1.36: the API server takes a changed serving
certificate, client authority and client certificate by itself within seconds, never a service accounts' key. etcd
reads its certificates at each connection, its authorities only when it starts.
"""

from __future__ import annotations

from kubeplat_tui.services.pki.rotation import Phase, Subject

FETCHED = "Every master has fetched the files."

DOES = {
    Phase.INTRODUCE: "A successor of {0} is made and trusted beside it. It signs nothing yet.",
    Phase.REISSUE: "Everything that {0} signed is signed anew by its successor. Both stay trusted.",
    Phase.RETIRE: "The old {0} is trusted no more: whatever still shows a certificate of it is shut out.",
}
DOES_SERVICE_ACCOUNT = {
    Phase.INTRODUCE: "A new key pair is made. API servers accept its tokens; none signs with it yet.",
    Phase.REISSUE: "API servers sign tokens with the new key, and accept the old ones still.",
    Phase.RETIRE: "Tokens that the old key signed are accepted no more: pods that still hold one are shut out.",
}

WAIT: dict[tuple[Subject, Phase], tuple[str, ...]] = {
    (Subject.KUBERNETES, Phase.INTRODUCE): (
        FETCHED,
        "One after the other, their controller-managers, schedulers and API servers were restarted.",
        "Every worker has fetched the kubeconfigs and its kubelet was restarted, or the worker was replaced.",
        "Everybody fetched the admin's kubeconfig again (kubeplat fetch-secrets).",
        "Pods that call the API were restarted: they read the authority when they start.",
    ),
    (Subject.KUBERNETES, Phase.REISSUE): (
        FETCHED,
        "One after the other, their controller-managers, schedulers and kube-auth were restarted.",
        "Everybody fetched the admin's kubeconfig again (kubeplat fetch-secrets).",
    ),
    (Subject.KUBELET_SIGNER, Phase.INTRODUCE): (
        FETCHED,
        "Every kubelet was restarted with it: the API server has to be able to show a certificate of either signer.",
    ),
    (Subject.KUBELET_SIGNER, Phase.REISSUE): (
        f"{FETCHED} Their controller-managers sign with the new key.",
        "Every kubelet has a certificate of the new signer: by itself within 30 days, at once where the machine is "
        "replaced.",
    ),
    (Subject.ETCD, Phase.INTRODUCE): (
        FETCHED,
        "One after the other, with the cluster healthy in between, etcd and then the API server were restarted on "
        "every master: etcd reads its authorities only when it starts.",
    ),
    (Subject.ETCD, Phase.REISSUE): (
        FETCHED,
        "One after the other, with the cluster healthy in between, etcd and then the API server were restarted.",
    ),
    (Subject.FRONT_PROXY, Phase.INTRODUCE): (
        FETCHED,
        "Five minutes have passed, so that aggregated API servers (metrics-server) have read it from the cluster.",
    ),
    (Subject.FRONT_PROXY, Phase.REISSUE): (FETCHED, "One after the other, their API servers were restarted."),
    (Subject.SERVICE_ACCOUNT, Phase.INTRODUCE): (
        FETCHED,
        "One after the other, their API servers were restarted: none reads a service accounts' key while it runs.",
        "Where other systems accept pods' tokens (IRSA), the new public key was published there.",
    ),
    (Subject.SERVICE_ACCOUNT, Phase.REISSUE): (
        FETCHED,
        "One after the other, their API servers and controller-managers were restarted.",
        "A day has passed, or all pods were restarted: a kubelet renews a pod's token before it ends.",
        "Tokens that somebody keeps in Secrets (kubernetes.io/service-account-token) were made anew.",
    ),
}


def does(subject: Subject, phase: Phase) -> str:
    """What a step does, as a sentence."""
    if subject is Subject.SERVICE_ACCOUNT:
        return DOES_SERVICE_ACCOUNT[phase]
    return DOES[phase].format(subject)


def before(subject: Subject, phase: Phase) -> tuple[str, ...]:
    """What has to have happened on the machines before the step `phase` is taken; () before the first."""
    earlier = {Phase.REISSUE: Phase.INTRODUCE, Phase.RETIRE: Phase.REISSUE}.get(phase)
    return WAIT[subject, earlier] if earlier else ()


def after(subject: Subject, phase: Phase) -> tuple[str, ...]:
    """What has to happen on the machines after the step `phase`, before the next one; () after the last."""
    return WAIT.get((subject, phase), ())
