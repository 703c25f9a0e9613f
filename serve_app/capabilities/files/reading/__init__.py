"""The bytes, given out.

content.py   the routes: by token, or by link
links.py     addresses that need no token
names.py     how a file is to be shown, and under which name it is saved
held.py      what legal holds keep of them
"""
