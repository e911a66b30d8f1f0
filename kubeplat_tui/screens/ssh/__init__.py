"""The SSH screen: machines, sessions in tabs, port forwards, files."""
