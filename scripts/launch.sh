# shellcheck shell=bash
# Sourced by play.kube, run.kube and the Makefile's helpers: finds or makes the private virtual environment of this
# checkout, and starts kubeplat in it. Bash 3.2 (macOS) is enough.
#
#   private_environment NAME CONSTRAINTS [EXTRA...]   sets `environment` to the environment's folder
#   kubeplat ARGUMENTS...                             becomes kubeplat; signals and exit status are its own
#   needs_terminal EXAMPLE                            ends where there is no terminal

: "${checkout:?is set by whoever sources this}"

say() {
    printf 'kubeplat: %s\n' "$*" >&2
}

# The folder for what can be made again, as the XDG Base Directory Specification has it: a relative path is ignored.
cache_folder() {
    home_folder
    case ${XDG_CACHE_HOME:-} in
        /*) cache=$XDG_CACHE_HOME/kubeplat ;;
        *) cache=$home/.cache/kubeplat ;;
    esac
}

# Sets `home`, also where HOME is not set.
home_folder() {
    home=${HOME:-}
    if [ -z "$home" ]; then
        unset HOME
        home=~
    fi
}

# The environment's name changes with whatever it is made from, so that it is made again when that changes.
private_environment() {
    local name=$1 constraints=$2 key
    cache_folder
    key=$({
        printf '%s\n' "$checkout" "${KUBEPLAT_PYTHON:-}" "$@"
        cat "$checkout/$constraints"
        sed -n '/^dependencies = \[/,/^\]/p; /^\[project.optional-dependencies\]/,/^\[project.scripts\]/p' \
            "$checkout/pyproject.toml"
    } | cksum) || return 1
    environment=$cache/venv-$name-${key%% *}
    if [ -f "$environment/ready" ] && [ -x "$environment/bin/python" ]; then
        return 0
    fi
    find_python || return 2
    shift 2
    "$python" -I "$checkout/scripts/venv_maker.py" "$checkout" "$environment" "$constraints" "$@"
}

# Sets `python`. A shim on PATH (pyenv's, asdf's) may be there and still not run, so each is asked.
find_python() {
    if [ -n "${KUBEPLAT_PYTHON:-}" ]; then
        python=$KUBEPLAT_PYTHON
        if new_enough "$python"; then
            return 0
        fi
        say "KUBEPLAT_PYTHON names $python, which is not a Python 3.11 or newer that runs."
        return 2
    fi
    for python in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if new_enough "$python"; then
            return 0
        fi
    done
    say "Python 3.11 or newer is needed and not found on PATH. Install it, or name it in KUBEPLAT_PYTHON."
    return 2
}

new_enough() {
    "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# While this process lives, its environment is not removed by a start that makes a newer one.
register() {
    local user
    for user in "$environment"/users/*; do
        if [ -e "$user" ] && ! kill -0 "${user##*/}" 2>/dev/null; then
            rm -f "$user"
        fi
    done
    : >"$environment/users/$$"
} 2>/dev/null

kubeplat() {
    private_environment kubeplat constraints.txt sandbox || exit
    register || true
    # The user's own Python settings are for the user's own Python.
    unset PYTHONHOME PYTHONPATH
    exec "$environment/bin/python" -P -m kubeplat_tui "$@"
}

# With nothing to do and no terminal to draw on, nothing is set up either.
needs_terminal() {
    if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then
        return 0
    fi
    say "The application needs a terminal. In a script, name what to do, such as: $1"
    exit 2
}
