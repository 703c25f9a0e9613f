"""What is kept, and for how long, from end to end."""
