"""What follows from messages.

said.py       whom a message means, and what became of what was to be said later
outgoing.py   what a person wants to be said later
blocks.py     what a block stands for has changed
cards.py      what messages show (assignments, bills) hears where; an assignment is in another state
"""
