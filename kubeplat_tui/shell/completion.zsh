#compdef kubeplat kmsctl
# Completion of kubeplat for zsh, as `kubeplat completion zsh` prints it: put it into ~/.zshrc, after compinit, with
#   eval "$(kubeplat completion zsh)"
# In the shell of an environment the old names are completed, too.

_kubeplat_complete() {
    local name=${words[1]:t} said
    if [[ $name == kmsctl ]]; then
        said=$(_TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _KMSCTL_COMPLETE=complete_zsh kmsctl 2>/dev/null)
    else
        [[ $name == kubeplat ]] || name="kubeplat $name"
        said=$(_TYPER_COMPLETE_ARGS="$name ${words[2,$CURRENT]}" _KUBEPLAT_COMPLETE=complete_zsh kubeplat 2>/dev/null)
    fi
    eval "$said"
}

compdef _kubeplat_complete kubeplat kmsctl
if [[ -n ${KUBEPLAT_SHELL_BIN-} ]]; then
    compdef _kubeplat_complete $KUBEPLAT_SHELL_BIN/*(:t)
fi
