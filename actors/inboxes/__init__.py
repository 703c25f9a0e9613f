"""Inboxes: `user:<user id>`, the durable, numbered mailbox of all that is addressed to a user.

commands.py   what is asked: deliver (the system only), acknowledge, read
replies.py    what is answered
inbox.py      the entity, its events, its rules
kind.py       the mailbox as the kernel sees it; shows a letter as the Socket.IO event it names
"""
