"""What becomes of events of meetings.

outcome.py   what those hear who listen, and what others are to do
missed.py    what somebody missed
views.py     the read models
"""
