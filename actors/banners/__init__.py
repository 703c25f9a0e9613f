"""Banners: what everybody is shown while it lasts (maintenance, an outage). One entity has them all: `banners:house`.

records.py   a banner as data, and as people see it
commands.py  what is asked
events.py    what happened
board.py     the entity and its rules
kind.py      banners as the kernel sees them; gateways listen
"""
