"""What the house keeps, and for how long.

hold.py     a hold: what lies under it is kept, whatever becomes of it        kind.py   as the kernel sees it
terms.py    how long messages are kept, by version: one entity in all
activities.py  what is owed where a hold ends
"""
