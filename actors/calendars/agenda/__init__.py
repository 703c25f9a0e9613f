"""The agenda: what time of a client is taken."""
