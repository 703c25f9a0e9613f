"""Razorpay, on this machine."""
