"""kubeplat stands up, runs and takes down Kubernetes clusters on AWS."""

__version__ = "0.1.0"
