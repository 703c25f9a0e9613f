"""Relays (TURN): are they there?

messages.py   the few messages of STUN that it takes
probe.py      a real allocation, given back at once
"""
