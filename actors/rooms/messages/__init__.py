"""Messages of a room: parts, history, read models, unread counts.

chat_message.py  the message: a part of the room, folded from its events
more.py          what it may have beyond words          besides.py     how that is shown
wire_message.py  the object that clients see            reads.py       pins, threads, versions
threads.py       which messages answer which            moments.py     where in a room a moment lies
queries.py       what a decision leaves to be read          history.py    how it is read, from journal and read models
views.py         the read models                            unread.py     exact counts without a memory of every message
"""
