"""What people are told outside of the sockets."""
