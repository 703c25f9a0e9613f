"""People who are told things."""
