"""Marks on messages (receipts, pins, threads, blocks): rules of the room entity, pure.

commands.py   what is asked                     events.py     what is noted about a message
deciding.py   which rule decides which command, and what it needs beyond the state
naming.py     which message is meant
mentions.py   who is meant, and how much it matters
acks.py       asking to be acknowledged, again and again
delivery.py   what has arrived, as who may know it   privacy.py    what people keep to themselves
later.py      what was to be said later
windows.py    how long one may be changed
pins.py       what is shown apart               threads.py    what answers what, and what it said before
blocks.py     blocks: what became of them, and who may use one
"""
