"""Operations of worksheets, at both doors.

declaring.py  what those of one sort have in common
sheets.py     worksheets themselves
giving.py     work is given, put off, taken back, given again
work.py       work is read, handed in, followed
talk.py       feedback and questions
exchange.py   other formats
"""
