# shellcheck shell=bash
# Sourced by options.sh: starts kubeplat in a container, as the user who calls, with what it needs and nothing else.
#
#   in_container NAME ARGUMENTS...   runs kubeplat there and ends with its exit status; NAME is the environment's, or ""
#
# The state folder has the same path inside as outside, so that what is written there means the same in both.

# shellcheck disable=SC2154 # set by launch.sh, engine.sh and options.sh

: "${checkout:?is set by whoever sources this}"

# Handed over by name: the engine takes the values from its own environment, and they are no secrets.
PASSED_ON="TERM COLORTERM LANG LC_ALL NO_COLOR TZ USER AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION AWS_ROLE_ARN
    AWS_ROLE_SESSION_NAME AWS_EC2_METADATA_DISABLED AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
    AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_S3_BUCKET AWS_KMS_ID"

# These are secret, or may be (a proxy's address holds its password). An engine would keep them in the container's
# description, on the disk, for everybody who may call `inspect`. So they go through a file that only the user can
# read, in memory where the system has such a folder, and the container's first process removes it when it has read it.
SECRET="AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_CONTAINER_AUTHORIZATION_TOKEN
    HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy"

STOP_SECONDS=600 # Terraform ends the resource that it is at; an engine's own ten seconds would kill it

in_container() {
    local name=$1 client status=0
    shift
    user_folders
    launcher_folder
    write_secrets >"$launcher/secrets"
    options=(run --rm --name "$container" --network host)
    options+=(--read-only --cap-drop ALL --security-opt no-new-privileges --security-opt label=disable)
    options+=(--tmpfs "/tmp:rw,exec,mode=1777" --tmpfs "/run:rw,mode=1777")
    options+=(--tmpfs "/platform:rw,exec,mode=1777" --tmpfs "/home/kubeplat:rw,exec,mode=1777")
    options+=(--stop-timeout "$STOP_SECONDS" --env "KUBEPLAT_CONTAINER_NAME=$container")
    as_user
    terminal
    variables "$name"
    places
    aws_files
    ssh_agent
    "$engine" "${options[@]}" "$image" "$@" <&0 &
    client=$!
    attend "$client" || status=$?
    if [ "$status" -eq 125 ]; then
        say "$engine could not start the container."
        status=1
    fi
    exit "$status"
}

# The folders of the host that the container shares. An engine that has to make them makes them its own.
user_folders() {
    cache_folder
    case ${XDG_STATE_HOME:-} in
        /*) state_home=$XDG_STATE_HOME ;;
        *) state_home=$home/.local/state ;;
    esac
    case ${XDG_CONFIG_HOME:-} in
        /*) config=$XDG_CONFIG_HOME/kubeplat ;;
        *) config=$home/.config/kubeplat ;;
    esac
    case ${KUBEPLAT_ENVIRONMENTS:-} in
        '') environments=$checkout/environments ;;
        /*) environments=$KUBEPLAT_ENVIRONMENTS ;;
        *) environments=$PWD/$KUBEPLAT_ENVIRONMENTS ;;
    esac
    (umask 077 && mkdir -p "$state_home/kubeplat" "$config" "$cache/container" "$environments")
}

# A folder that this process and the container share while both live.
launcher_folder() {
    local base
    for base in "${XDG_RUNTIME_DIR:-}" /dev/shm "${TMPDIR:-/tmp}"; do
        if [ -n "$base" ] && [ -d "$base" ] && [ -w "$base" ]; then
            break
        fi
    done
    launcher=$(umask 077 && mktemp -d "${base%/}/kubeplat.XXXXXX")
    trap 'rm -rf "$launcher"' EXIT
    container=kubeplat-$(id -un | tr -cd 'a-zA-Z0-9_.-')-$$
    (umask 077 && : >"$launcher/secrets")
}

# NAME=value, each ended by a NUL byte. printf is the shell's own: no process has a value among its arguments.
write_secrets() {
    local secret
    for secret in $SECRET; do
        if [ -n "${!secret:-}" ]; then
            printf '%s=%s\0' "$secret" "${!secret}"
        fi
    done
}

# What is written belongs to the user. Where the engine itself runs as the user, its root is the user.
as_user() {
    local user
    user=$(id -u):$(id -g)
    if is_podman; then
        if [ "${user%%:*}" -ne 0 ]; then
            options+=(--userns keep-id)
        fi
    elif "$engine" info --format '{{.SecurityOptions}}' 2>/dev/null | grep -q name=rootless; then
        user=0:0
    fi
    options+=(--user "$user")
}

# A terminal where there is a whole one. Else what is piped in is piped on, and a keyboard stays with the shell.
terminal() {
    if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then
        options+=(--interactive --tty)
        settings=$(stty -g)
    elif [ ! -t 0 ]; then
        options+=(--interactive)
    fi
}

variables() {
    local variable
    export USER=${USER:-$(id -un)}
    for variable in $PASSED_ON; do
        if [ -n "${!variable:-}" ]; then
            options+=(--env "$variable")
        fi
    done
    options+=(--env "XDG_STATE_HOME=$state_home")
    if [ -n "$1" ]; then
        options+=(--env "KUBEPLAT_ENVIRONMENT=$1")
    fi
    git_branch
    if [ -n "$branch" ]; then
        options+=(--env "KUBEPLAT_BRANCH=$branch")
    fi
}

# What the prompt and the header show; the checkout itself is not in the container.
git_branch() {
    branch=
    if [ -f "$checkout/.git/HEAD" ]; then
        read -r branch <"$checkout/.git/HEAD" || true
    fi
    case $branch in
        'ref: refs/heads/'*) branch=${branch#ref: refs/heads/} ;;
        *) branch=${branch:0:8} ;;
    esac
}

places() {
    map "$launcher" /run/kubeplat/launcher
    map "$environments" /platform/environments
    map "$state_home/kubeplat" "$state_home/kubeplat"
    map "$config" /home/kubeplat/.config/kubeplat
    map "$cache/container" /home/kubeplat/.cache/kubeplat
    if [ -n "$config_d" ]; then
        map "$config_d" /platform/terraform/config.d readonly
        options+=(--env KUBEPLAT_CONFIG_D=/platform/terraform/config.d)
    fi
    # Elsewhere the container runs on another kernel than the files' own: neither locks nor sockets reach across, so
    # its sandbox is its own.
    if [ "$(uname -s)" != Linux ]; then
        options+=(--tmpfs "$state_home/kubeplat/sandbox:rw,mode=1777")
    fi
}

# Read-only, but for the tokens that renew themselves: a renewed one is worth nothing if the old one is read again.
aws_files() {
    local folder
    if [ -d "$home/.aws" ]; then
        map "$home/.aws" /home/kubeplat/.aws readonly
        for folder in sso/cache login/cache; do
            if [ -d "$home/.aws/$folder" ]; then
                map "$home/.aws/$folder" "/home/kubeplat/.aws/$folder"
            fi
        done
    fi
    named_file AWS_CONFIG_FILE
    named_file AWS_SHARED_CREDENTIALS_FILE
    named_file AWS_CA_BUNDLE
    # This one is replaced while it is used, and a mapped file would stay the old one.
    if [ -f "${AWS_WEB_IDENTITY_TOKEN_FILE:-}" ]; then
        folder=$(CDPATH='' cd -P "$(dirname "$AWS_WEB_IDENTITY_TOKEN_FILE")" && pwd)
        map "$folder" /run/kubeplat/web-identity readonly
        options+=(--env "AWS_WEB_IDENTITY_TOKEN_FILE=/run/kubeplat/web-identity/${AWS_WEB_IDENTITY_TOKEN_FILE##*/}")
    fi
}

named_file() {
    local file=${!1:-}
    if [ -f "$file" ]; then
        case $file in
            /*) ;;
            *) file=$PWD/$file ;;
        esac
        map "$file" "/run/kubeplat/$1" readonly
        options+=(--env "$1=/run/kubeplat/$1")
    fi
}

ssh_agent() {
    local socket=${SSH_AUTH_SOCK:-}
    # Docker Desktop has the user's agent at a place of its own, inside its virtual machine.
    if [ -n "$socket" ] && [ "$(uname -s)" = Darwin ] && ! is_podman; then
        socket=/run/host-services/ssh-auth.sock
    elif [ ! -S "$socket" ]; then
        return 0
    fi
    map "$socket" /run/kubeplat/agent
    options+=(--env SSH_AUTH_SOCK=/run/kubeplat/agent)
}

map() {
    case $1 in
        *,*)
            say "$1 cannot be mapped into a container: its name holds a comma. Do without: ${0##*/} --native"
            exit 2
            ;;
    esac
    options+=(--mount "type=bind,source=$1,target=$2${3:+,$3}")
}

# attend CLIENT: waits for the engine's client and hands signals on; the status is kubeplat's.
#
# Where something goes on in the container after kubeplat's end (a sandbox that is kept), the container's first process
# says so in the launcher's folder. The client would wait for that as well, so it is ended; the container goes on.
attend() {
    local client=$1 status watcher
    trap 'hand_on TERM' TERM
    trap 'hand_on HUP' HUP
    # A terminal's ctrl+c reaches the client by itself.
    if [ -t 0 ] || [ -t 1 ] || [ -t 2 ]; then
        trap : INT
    else
        trap 'hand_on INT' INT
    fi
    (
        trap - TERM HUP INT EXIT
        while kill -0 "$client"; do
            if [ -f "$launcher/left" ]; then
                kill -KILL "$client"
                break
            fi
            sleep 0.3
        done
    ) >/dev/null 2>&1 </dev/null &
    watcher=$!
    while :; do
        status=0
        wait "$client" 2>/dev/null || status=$?
        kill -0 "$client" 2>/dev/null || break
    done
    # A signal that came last: the status of the wait is the signal's, and the client's own is still to be had.
    status=0
    wait "$client" 2>/dev/null || status=$?
    kill "$watcher" 2>/dev/null || true
    wait "$watcher" 2>/dev/null || true
    if [ -f "$launcher/left" ]; then
        read -r status <"$launcher/left"
        if [ -n "${settings:-}" ]; then
            stty "$settings"
        fi
    fi
    return "$status"
}

hand_on() {
    "$engine" kill --signal "$1" "$container" >/dev/null 2>&1 || kill -"$1" "$client" 2>/dev/null || true
}
