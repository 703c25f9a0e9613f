"""The UDP socket, and what tells the protocols on it apart (RFC 7983)."""
