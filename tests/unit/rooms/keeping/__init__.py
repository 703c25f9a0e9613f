"""What is kept in rooms, and for how long."""
