"""One case.

commands.py  what can be asked       events.py  what can have happened
opening.py   how it begins, or is joined by more
handling.py  what moderators do about it
chain.py     its record, each line hashed over the last
entity.py    which rule decides      kind.py    how it is stored and read
"""
