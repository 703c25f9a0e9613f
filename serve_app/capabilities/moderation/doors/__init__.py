"""What can be asked about safety: by people (`operations.py`), by moderators (`handling.py`, `measures.py`)."""
