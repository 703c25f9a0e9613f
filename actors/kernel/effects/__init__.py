"""The effects that a stored turn still owes: read models, redactions, timers, letters; and their recovery."""
