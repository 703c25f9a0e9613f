"""What browsers are handed: the reference worker of push."""
