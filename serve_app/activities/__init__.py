"""The runner: carries out what entities owe to partners, whatever dies meanwhile. Knows no partner by name."""
