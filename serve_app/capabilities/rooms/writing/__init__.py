"""What a message may be beyond plain words, made in the front, once, before its room is asked.

markdown.py   markdown to HTML of an allow-list       links.py   links, and whether they lead where they seem to
composing.py  what a client sends, as its room takes it
"""
