"""Media workers: processes that forward sound and picture, and who looks after them."""
