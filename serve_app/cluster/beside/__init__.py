"""What runs in a process beside its shards: `screening.py`, what rooms hold back."""
