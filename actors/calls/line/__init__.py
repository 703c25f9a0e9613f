"""One person's line."""
