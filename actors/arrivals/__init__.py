"""Arrivals: `arrival:<partner>:<event id>`, an event that a partner told us by webhook, until somebody has taken it.

commands.py   what is asked: arrive, handed over, try again, replay, forget
events.py     what happened, with the line that lists show
arrival.py    the entity and its rules
kind.py       arrivals as the kernel sees them
"""
