"""Who is asking: bearer tokens, whose tokens are good here, and what has been taken back."""
