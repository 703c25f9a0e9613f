"""Files over the real kernel, a real database and real doors."""
