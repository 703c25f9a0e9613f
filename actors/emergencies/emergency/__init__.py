"""One emergency."""
