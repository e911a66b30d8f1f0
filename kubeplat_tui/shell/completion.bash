# shellcheck shell=bash
# Completion of kubeplat for bash, as `kubeplat completion bash` prints it: put it into ~/.bashrc with
#   eval "$(kubeplat completion bash)"
# In the shell of an environment the old names are completed, too. Bash 3.2 is enough.

_kubeplat_complete() {
    local name=${1##*/} words=("${COMP_WORDS[@]}") at=$COMP_CWORD IFS=$'\n'
    words[0]=kubeplat
    if [ "$name" != kubeplat ] && [ "$name" != kmsctl ]; then
        words=(kubeplat "$name" "${COMP_WORDS[@]:1}")
        at=$((at + 1))
    fi
    # The program says a word a line; bash 3.2 has no mapfile.
    # shellcheck disable=SC2207
    if [ "$name" = kmsctl ]; then
        COMPREPLY=($(COMP_WORDS="${words[*]}" COMP_CWORD=$at _KMSCTL_COMPLETE=complete_bash "$1" 2>/dev/null))
    else
        COMPREPLY=($(COMP_WORDS="${words[*]}" COMP_CWORD=$at _KUBEPLAT_COMPLETE=complete_bash kubeplat 2>/dev/null))
    fi
}

complete -o default -F _kubeplat_complete kubeplat kmsctl
if [ -n "${KUBEPLAT_SHELL_BIN-}" ]; then
    for _kubeplat_name in "$KUBEPLAT_SHELL_BIN"/*; do
        complete -o default -F _kubeplat_complete "${_kubeplat_name##*/}"
    done
    unset _kubeplat_name
fi
