"""What can be found: one file a type. Each says what of it is indexed, who may see it, and opens hits as the caller
sees them. `table.py` is the list of all."""
