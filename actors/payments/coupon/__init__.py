"""`coupon:<code>`: a code that takes something off a price, as often as it may."""
