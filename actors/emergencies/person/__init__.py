"""Which emergency of a person is open."""
