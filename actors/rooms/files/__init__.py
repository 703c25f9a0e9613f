"""Files in messages.

naming.py    which files a message holds
witness.py   who may see a message, as files ask it; and to tell a room that a file has changed
"""
