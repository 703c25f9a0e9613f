"""What is done with messages beyond saying them, and what is said later."""
