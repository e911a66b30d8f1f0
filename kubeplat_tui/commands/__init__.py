"""What the commands of the shell print, one module per group of verbs."""
