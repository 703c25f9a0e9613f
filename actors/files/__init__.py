"""Files: what people put into rooms. `file:<id>` knows whose a file is, what it is, where its bytes lie, and in which
messages it stands. Its bytes lie in blobs.

records.py     a file as its entity keeps it, and as people see it
activities.py  what the connectors `files` and `scan` are asked, and what they find
commands.py    what can be asked of a file
events.py      what happens to one
entity.py      the rules
kind.py        files as the kernel sees them
views.py       the read models: whose files there are, and in which room
"""
