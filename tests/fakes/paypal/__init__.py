"""PayPal, on this machine."""
