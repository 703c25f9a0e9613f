"""Two real clients talk through a server that cannot read them."""
