"""Calls: one rings at every device of a person, and the first one that answers has it.

capability.py     for the list of capabilities
operations.py     what can be asked, at both doors
requests.py       what is sent, and what is answered
server_events.py  what sockets hear
service.py        ringing: who may, and whether the line is free
personal.py       export and erasure
"""
