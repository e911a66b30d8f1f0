"""The machines of the sandbox: an SSH server for every simulated instance that runs.

A bastion listens on a loopback port. All others listen nowhere: a connection to them is a channel that their
bastion hands over within this process.
"""
