"""What a person says later, asks for, and keeps to themselves in chats: `outgoing:<user id>`.

entity.py    the rules: schedule, change, cancel; at its time each goes to its room, once
asking.py    conversations that wait for an answer, and how many may
state.py     what is kept                  events.py    what has happened
commands.py  what is asked                 replies.py   what is answered
queries.py   what is left to be read
views.py     what people keep to themselves, as rooms look it up
kind.py      the entity as the kernel sees it
"""
