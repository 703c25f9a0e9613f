"""Tasks that run in a process beside its shards: `screening.py`, the rules by which rooms hold messages back."""
