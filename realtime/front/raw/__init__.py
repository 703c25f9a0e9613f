"""WebSockets that speak no Socket.IO: routes that capabilities hand to the front, as they hand handlers.

routes.py    what a capability declares          codes.py    with which code such a socket is closed
door.py      how one comes in                    session.py  its life
writer.py    what a topic has for it
"""
