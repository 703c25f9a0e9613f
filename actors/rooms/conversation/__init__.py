"""Conversations: rooms that are bound to a relation of two people. What only they know; the rest is in `room/`.

policy.py    what is screened, shown and kept in a room      binding.py   what a room is bound to, and in which state
commands.py  what is asked of a conversation                 rules.py     what it answers: requests, pauses, closing
following.py how it follows the care that it belongs to      words.py     that nobody who is spoken about is named
linking.py   links where they are blocked                admission.py what may be said, and what has to be accepted
looks.py     what is read of it
"""
