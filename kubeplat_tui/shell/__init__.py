"""The shell of an environment: its commands under their old names, its settings, its prompt.

`bin/` has the names, `bashrc` and `zsh/` are read after the user's own files, `completion.bash` and `completion.zsh`
are what `kubeplat completion` prints.
"""
