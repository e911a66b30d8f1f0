# shellcheck shell=bash
# Sourced by play.kube and run.kube after launch.sh: the options that both have, and the start itself.
#
#   usage_of_options PLACE                 prints what they do, and the sentence PLACE: where it runs if nobody said it
#   option WORDS...                        reads one option; sets `taken` to how many words it was
#   launch PLACE NAME EXAMPLE WORDS...     starts kubeplat for `who`, with the words that follow the options
#
# The PLACE of launch is where that is if nobody said it: native, or preferred (in the container where there is one).
# NAME is the environment's, "" where it is not known yet; EXAMPLE is what a script could say instead of opening the
# application.

# shellcheck disable=SC2034,SC2154 # set here for who sources this, or there for us

: "${checkout:?is set by whoever sources this}"

# shellcheck source=scripts/engine.sh
. "$checkout/scripts/engine.sh"
# shellcheck source=scripts/container.sh
. "$checkout/scripts/container.sh"

place=
image=${KUBEPLAT_IMAGE:-}
shell=
command=
config_d=${KUBEPLAT_CONFIG_D:-}

bad_usage() {
    say "$1 Try: ${0##*/} --help"
    exit 2
}

usage_of_options() {
    cat <<USAGE
  --shell                 a shell with the environment's commands on its PATH, instead of the application
  -- COMMAND [WORD...]    one command in that shell, such as: -- kubectl get nodes
  --native                run on this computer, in a private Python environment (made on the first call)
  --container             run in the container image that \`make\` builds
  --image NAME            run in this image
  --config-d FOLDER       build the Terraform files in FOLDER together with the platform's (default: ./terraform)
  -h, --help              this text

$1
Environment: KUBEPLAT_CONTAINER=1 or 0 stands for --container or --native, KUBEPLAT_IMAGE for --image, and
KUBEPLAT_ENGINE names docker or podman. KUBEPLAT_PYTHON names the Python of a native run (3.11 or newer),
KUBEPLAT_TERRAFORM its Terraform or OpenTofu. docs/container.md tells what a container gets of this computer.
USAGE
}

option() {
    taken=1
    case $1 in
        -h | --help)
            usage
            exit 0
            ;;
        --) command=yes ;;
        --native) place=native ;;
        --container) place=container ;;
        --shell) shell=yes ;;
        --image)
            [ $# -ge 2 ] || bad_usage "--image needs the name of an image."
            use_image "$2"
            taken=2
            ;;
        --image=*) use_image "${1#*=}" ;;
        --config-d)
            [ $# -ge 2 ] || bad_usage "--config-d needs a folder."
            use_config_d "$2"
            taken=2
            ;;
        --config-d=*) use_config_d "${1#*=}" ;;
        *) bad_usage "${0##*/} has no option $1." ;;
    esac
}

use_image() {
    case $1 in
        '' | -*) bad_usage "--image needs the name of an image." ;;
    esac
    image=$1
    place=container
}

use_config_d() {
    [ -d "$1" ] || bad_usage "--config-d names $1, which is not a folder."
    config_d=$1
}

# The user's own Terraform files, as the original took them: ./terraform, unless that is this checkout's.
find_config_d() {
    if [ -z "$config_d" ] && [ -d terraform ] && [ ! terraform -ef "$checkout/terraform" ]; then
        config_d=$PWD/terraform
        say "The Terraform files in $config_d are built together with the platform's."
    fi
    case $config_d in
        '' | /*) ;;
        *) config_d=$PWD/$config_d ;;
    esac
}

# Sets `place` to native or container, and `engine` and `image` for the latter. $1: the place where nothing was said.
choose_place() {
    local named=$image found=0
    if [ -z "$place" ]; then
        case ${KUBEPLAT_CONTAINER:-} in
            1) place=container ;;
            0) place=native ;;
            *) place=${named:+container} ;;
        esac
    fi
    place=${place:-$1}
    [ "$place" != native ] || return 0
    [ -n "$named" ] || own_image
    find_image "$image" || found=$?
    case $found,$place in
        0,*) place=container ;;
        1,container)
            # What was named may lie in a registry.
            [ -n "$named" ] || bad_usage "$engine has no image $image. Build it with: make."
            ;;
        2,container)
            say "No container engine answers: start docker or podman, or do without it: ${0##*/} --native"
            exit 2
            ;;
        1,preferred)
            place=native
            say "There is no image $image, so this runs natively. (make builds it; --native says nothing.)"
            ;;
        *) place=native ;;
    esac
}

launch() {
    local preferred=$1 name=$2 example=$3
    shift 3
    if [ -n "$command" ]; then
        [ $# -gt 0 ] || bad_usage "-- needs a command."
        set -- shell -- "$@"
    elif [ -n "$shell" ]; then
        [ $# -eq 0 ] || bad_usage "--shell takes no verb; one command in the shell is: -- $*."
        needs_terminal "$example"
        set -- shell
    elif [ $# -eq 0 ]; then
        needs_terminal "$example"
    fi
    choose_place "$preferred"
    find_config_d
    if [ "$place" = container ]; then
        in_container "$name" "${who[@]}" "$@"
    fi
    if [ -n "$config_d" ]; then
        export KUBEPLAT_CONFIG_D=$config_d
    fi
    kubeplat "${who[@]}" "$@"
}
