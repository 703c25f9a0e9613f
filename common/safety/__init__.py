"""What was said, as it was when somebody reported it: what rooms copy, and cases keep."""
