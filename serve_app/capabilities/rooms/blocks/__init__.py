"""Blocks of messages: a small class for each type.

shapes.py     what a client may send            kinds.py     what all types have
choice.py     a choice among options            slots.py     times that can be booked
references.py payments, worksheets, files, pictures: what is kept elsewhere
service.py    checking blocks when they are posted, using them; the table of types
booking.py    an appointment out of a message
operations.py both, at the doors
"""
