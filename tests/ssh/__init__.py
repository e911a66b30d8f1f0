"""The SSH service beside real OpenSSH servers, in network namespaces of the tests' own."""
