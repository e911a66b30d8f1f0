# Read first by the zsh of an environment (ZDOTDIR leads here); the person's own file is read in its place.
if [[ -f ${KUBEPLAT_SHELL_ZDOTDIR:-$HOME}/.zshenv ]]; then
    kubeplat_zdotdir=$ZDOTDIR
    ZDOTDIR=${KUBEPLAT_SHELL_ZDOTDIR:-$HOME}
    . "$ZDOTDIR/.zshenv"
    # It may name another folder for the files that follow.
    KUBEPLAT_SHELL_ZDOTDIR=$ZDOTDIR
    ZDOTDIR=$kubeplat_zdotdir
    unset kubeplat_zdotdir
fi
