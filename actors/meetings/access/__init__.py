"""What somebody is handed to get at media: tickets, credentials of relays, tokens of rooms elsewhere. Pure: keys and
time are arguments.

doors.py       the keys, and whom they open to
tickets.py     our own tickets
ice.py         relays, by coturn's REST scheme
elsewhere.py   tokens for Jitsi and LiveKit
media.py       where media goes, as a seat is told
"""
