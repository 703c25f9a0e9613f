"""Rooms that the server cannot read: the directory of devices, one-time keys, what is on its way to a device, backups.

capability.py     for the list of capabilities
operations.py     what can be asked, at both doors
requests.py       what is sent, and what is answered
server_events.py  what sockets hear
service.py        who may have whose keys; devices whose session has ended
personal.py       export and erasure
"""
