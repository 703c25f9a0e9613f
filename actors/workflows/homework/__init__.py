"""What follows from worksheets, and what they follow from.

following.py    sessions, care and zones, for assignments      worksheets.py   what people are told of assignments
"""
