# shellcheck shell=bash
# Sourced after launch.sh: which container engine answers, and which image is ours. Bash 3.2 is enough.
#
#   own_image          sets `image` to the name of this checkout's image
#   find_engine        sets `engine` to docker or podman, whichever answers (KUBEPLAT_ENGINE names one)
#   find_image IMAGE   the same, of those the first that has IMAGE; 1: an engine answers and has not; 2: none answers
#   is_podman          whether `engine` is podman, also where it is called docker

# shellcheck disable=SC2034 # who sources this uses what is set here

: "${checkout:?is set by whoever sources this}"

own_image() {
    local version
    version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$checkout/kubeplat_tui/__init__.py")
    image=kubeplat:${version:-latest}
}

engines() {
    if [ -n "${KUBEPLAT_ENGINE:-}" ]; then
        printf '%s\n' "$KUBEPLAT_ENGINE"
    else
        printf '%s\n' docker podman
    fi
}

# The client of docker is often installed where no server runs.
answers() {
    "$1" version --format '{{.Client.Version}} {{if .Server}}{{.Server.Version}}{{end}}' >/dev/null 2>&1
}

find_engine() {
    for engine in $(engines); do
        if answers "$engine"; then
            return 0
        fi
    done
    engine=
    return 2
}

find_image() {
    for engine in $(engines); do
        if "$engine" image inspect "$1" >/dev/null 2>&1; then
            return 0
        fi
    done
    find_engine || return 2
    return 1
}

is_podman() {
    case $("$engine" --version 2>/dev/null) in
        *podman*) return 0 ;;
        *) return 1 ;;
    esac
}
