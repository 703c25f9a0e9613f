"""Rooms: chat that is kept. `room:<room id>`, and `pair:<hash>` for the direct room of two users.

kind.py         the room as the kernel sees it; puts the rest together
room.py         the entity: which rule decides which command, and what it needs beyond the state
state.py        its state and fold: O(members), no word of what was said
membership.py   rules: create, join, add, remove, leave, update
talk.py         rules: post, edit, delete, react
reading.py      rules: watermarks, typing, history, the list of rooms
rules.py        rules for small texts
unread.py       exact unread counts without a memory of every message
commands.py  events.py  queries.py      what is asked, what has happened, what is left to be read
messages.py  message_ids.py             the message: a part of the room, folded from its events
outcome.py  letters.py  views.py        what an event shows and entails: packets, mail, read models
history.py      reads from the journal and the read models
pairs.py        one direct room a pair
service.py      the facade for gateway and API: ids, command ids, what takes several entities
"""
