"""The certificates judged by the programs that will use them: openssl, ssh-keygen, kubectl, etcd."""
