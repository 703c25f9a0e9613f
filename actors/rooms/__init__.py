"""Rooms: chat that is kept. `room:<room id>`, and `pair:<hash>` for the direct room of two users.

room/         the entity: members, rules, watermarks, and what its events show and entail
messages/     the messages of a room: parts, history, read models, unread counts
pairs.py      one direct room a pair
replies.py    what readers of rooms are answered, as types
service.py    the facade for gateway and API: ids, command ids, what takes several entities
"""
