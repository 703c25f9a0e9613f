"""What operators see of calls to partners, and do about them."""
