# Read by the zsh of an environment in the place of the person's own .zshrc, which comes first.

kubeplat_zdotdir=$ZDOTDIR
ZDOTDIR=${KUBEPLAT_SHELL_ZDOTDIR:-$HOME}
# Where the computer's own zshrc has put the history beside this file.
[[ ${HISTFILE-} == $kubeplat_zdotdir/* ]] && HISTFILE=$ZDOTDIR/${HISTFILE:t}
[[ -f $ZDOTDIR/.zshrc ]] && . "$ZDOTDIR/.zshrc"
[[ -n ${KUBEPLAT_SHELL_ZDOTDIR-} ]] || unset ZDOTDIR
unset kubeplat_zdotdir KUBEPLAT_SHELL_ZDOTDIR

# Whatever the person's file did to PATH, the commands come first; an alias would hide them.
path=($KUBEPLAT_SHELL_BIN ${path:#$KUBEPLAT_SHELL_BIN})
() {
    local name
    for name in $KUBEPLAT_SHELL_BIN/*(:t); do
        # People wrap these two, and the wrapper calls the command.
        [[ $name == (ssh|kubectl) ]] && continue
        (( $+aliases[$name] )) && unalias $name
        (( $+functions[$name] )) && unset -f $name
    done
}

# " (master)": the branch, or the commit where there is none.
kubeplat_branch() {
    local branch
    branch=$(git symbolic-ref --quiet --short HEAD 2>/dev/null || git rev-parse --short HEAD 2>/dev/null) ||
        branch=${KUBEPLAT_BRANCH-} # what the launcher tells a container
    print -rn -- "${branch:+ ($branch)}"
}

# [environment@folder] (branch) $, anew each time: the person's own prompt may set it each time, too. What psvar holds
# is never expanded again, whatever a branch is called.
kubeplat_prompt() {
    psvar=("" $KUBEPLAT_ENVIRONMENT "$(kubeplat_branch)")
    [[ $KUBEPLAT_ENVIRONMENT == $KUBEPLAT_SHELL ]] && psvar[1]=${KUBEPLAT_SHELL_SANDBOX:+sandbox }
    PROMPT='%1v[%2v@%1~]%3v $ '
    RPROMPT=
}
autoload -Uz add-zsh-hook
add-zsh-hook precmd kubeplat_prompt

if (( ! $+functions[compdef] )); then
    autoload -Uz compinit
    # What others may write to is left out, without a question.
    compinit -i -d "$KUBEPLAT_SHELL_RUN/zcompdump"
fi
. "${KUBEPLAT_SHELL_START%/*}/completion.zsh"
