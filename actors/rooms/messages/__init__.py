"""Messages of a room: parts, history, read models, unread counts.

chat_message.py  the message: a part of the room, folded from its events
message_ids.py   ids that sort by time and give back a message's seq
queries.py       what a decision leaves to be read          history.py    how it is read, from journal and read models
views.py         the read models                            unread.py     exact counts without a memory of every message
"""
