"""The document of an assignment's attempt: what is written together.

shape.py       which roots and keys there are, who writes them, which values they take
judging.py     whether a change is its writer's to make
commands.py    what is asked                      events.py   what has happened
state.py       what the assignment remembers of it: numbers and sizes, no word of what was written
part.py        the document in memory: a part of the assignment
crdt.py        what only the CRDT can say; the one file that knows pycrdt
drafts.py      plain answers as edits             digest.py   what a person saw
taking.py      taking a change: judged, then an event, and a checkpoint when it is time
rules.py       which rule decides which command
wire.py        its events as clients hear them
wiring.py      how it is stored and shown: what the kind of the assignment hands on
"""
