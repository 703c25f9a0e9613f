"""Yjs updates (encoding v1) read without a CRDT: what would be written, by whom, and where. Pure Python.

Bytes of clients are read here before any library sees them. A reader with bounds on everything is what keeps a process
alive: an update of 40 KB that nests a value 30,000 deep, or one of ten bytes that claims 2^26 writers, ends it.

bytes.py     the primitives of lib0: numbers, strings, values
refusal.py   why an update is refused
marks.py     which marks a text may carry
update.py    the structs and deletions of an update, or a refusal
index.py     which number of which writer stands in which root and key
reader.py    an update against an index: a `Change`
messages.py  the messages of y-protocols                awareness.py  who is where, with an identity that is true
"""
