"""Money through the whole program, beside its peer."""
