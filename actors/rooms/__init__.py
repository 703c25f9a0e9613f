"""Rooms: chat that is kept. `room:<room id>`, and `pair:<hash>` for the direct room of two users.

room/       the entity: commands and events, state and rules, and the room as the kernel sees it (`kind.py`)
safety/     evidence, what is held, what moderators decide
conversation/  rules of what a room is bound to: relations, consent, policy, cover
marks/      rules of what is done with messages beyond saying them
messages/   the message, a part of the room: its fold, its read models, reads of history, exact unread counts
keeping/    how long things are kept, and what a hold keeps
sealed/     rooms that the server cannot read
files/      files in messages: which they are, who may read them
replies.py  what is answered, as types
pairs.py    one direct room a pair
service.py  the facade for gateway and API: ids, command ids, what takes several entities
"""
