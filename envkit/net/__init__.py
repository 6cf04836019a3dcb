"""HTTP and TCP: the only module that opens sockets."""
