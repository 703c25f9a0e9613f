"""One ladder."""
