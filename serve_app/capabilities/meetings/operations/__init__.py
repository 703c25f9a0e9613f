"""Every operation of meetings.

planning.py     make, see, change, call off
attending.py    of those who are in one: join, leave, ticket, relays, media, screen, quality
moderating.py   of host and cohosts
signalling.py   what only sockets do: signals of a mesh, watching
"""
