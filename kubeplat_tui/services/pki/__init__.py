"""The cluster's public-key infrastructure: authorities, certificates, kubeconfigs; made, checked, renewed, rotated."""
