"""HTTP and TCP of this host. Besides `ssh_tunnel`, only these modules open sockets."""
