"""Processes of which there is one: `follower.py` reads what was said, `search.py` keeps the index; both stand
on `runtime.py`."""
