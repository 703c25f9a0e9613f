"""Who keeps the index: one engine in the process, and one of a server's."""
