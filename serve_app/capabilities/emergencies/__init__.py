"""Emergencies: cries for help, who is asked, and whether somebody comes. No switch turns them off.

capability.py     for the list of capabilities
operations.py     what can be asked, at both doors
requests.py       what is sent, and what is answered
server_events.py  what sockets hear
service.py        raising: the ladder and its people are found, then the entity has it
people.py         who stands on a rung
connectors.py     the same, for rungs that begin later
health.py         would anybody be asked?
personal.py       export and erasure
"""
