"""Safety, from end to end."""
