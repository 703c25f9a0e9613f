"""Video meetings at both doors: who may be in them, and how they get at media.

capability.py     for the list of capabilities
requests.py       what is sent
examples.py       what it looks like
service.py        what doors do beyond asking the meeting: facts for joins, the booking's part, the audit record
operations/       every operation
admission.py      whose seat a ticket opens
plane.py          the media plane, as doors use it
sockets.py        which sockets are gone
server_events.py  what sockets hear
relays/           is a relay there?
debts.py          who has to pay before they come in
metrics.py        how many there are, and how long it takes to get in
webhooks.py       what LiveKit tells of its rooms
workers/          processes that forward sound and picture, and the way to them
fleet/            who finds, starts, watches and ends them
recordings/       what is recorded: stored, looked through, read, destroyed
pages/            a call in a browser
connectors/       evidence into the audit record; rooms of partners
personal.py       export and erasure
"""
