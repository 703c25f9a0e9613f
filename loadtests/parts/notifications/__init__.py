"""What telling people costs: sending it, and reading it."""
