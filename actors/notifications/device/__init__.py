"""`device:<hash of a token or endpoint>`: whose it is. Whoever registered it last has it, and nobody else."""
