"""Load scenarios against a running server: hold, reconnect, soak and others."""
