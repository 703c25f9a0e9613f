"""Rooms: chat that is kept. `room:<room id>`, and `pair:<hash>` for the direct room of two users.

room/       the entity: commands and events, state and rules, and the room as the kernel sees it (`kind.py`)
messages/   the message, a part of the room: its fold, its read models, reads of history, exact unread counts
replies.py  what is answered, as types
pairs.py    one direct room a pair
service.py  the facade for gateway and API: ids, command ids, what takes several entities
"""
