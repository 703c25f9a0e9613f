"""What operators see and do while everything runs."""
