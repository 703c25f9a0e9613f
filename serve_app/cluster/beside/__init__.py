"""What runs in a process beside its shards: `screening.py`, what rooms hold back; `keeping.py`, for how
long they are told that messages are kept."""
