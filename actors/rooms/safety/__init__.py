"""What safety asks of a room: evidence, messages that are held, and what moderators decide.

commands.py  what is asked                        events.py     what is noted
testimony.py a message as it was, for a case      holding.py    what is held, released and rejected
deeds.py     taken down, put out, monitored       record.py     what the room remembers of it
finding.py   what holds words back
"""
