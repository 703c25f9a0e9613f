"""The room entity: members, messages, watermarks.

kind.py         the room as the kernel sees it; puts the rest together
entity.py       which rule decides which command, and what it needs beyond the state
state.py        what a room remembers, and its fold: O(members), no word of what was said
commands.py     what is asked                    events.py       what has happened
membership.py   rules: create, join, add, remove, leave, update
talk.py         rules: post, edit, delete, react
reactions.py    rules: which emoji, and under which form it is counted
reading.py      rules: watermarks, typing, history, the list of rooms
announcing.py   rules: who is told, while they do not look, that something was said
rules.py        rules for small texts
outcome.py      what an event shows and entails: packets, read models
sight.py        what a member may see, and under which names
wire.py         the room object of the public contract, and who is in it
"""
