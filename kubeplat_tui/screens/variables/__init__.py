"""The Variables screen: a form made from the declarations, and the file's own text."""
