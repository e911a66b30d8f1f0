"""The Build screen, what it keeps of a run, and how it talks to the pipeline's thread."""
