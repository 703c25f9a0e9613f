"""Banners: what everybody is shown while it lasts.

capability.py     for the list of capabilities
operations.py     what can be asked, at both doors
server_events.py  what sockets hear
telling.py        a gateway's side: it listens once, and tells its sockets from memory
"""
