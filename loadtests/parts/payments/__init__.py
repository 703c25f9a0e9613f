"""Money in its parts: no server."""
