"""What search costs: indexing, asking, and how soon what was said is found."""
