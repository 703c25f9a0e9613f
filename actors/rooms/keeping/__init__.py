"""Retention of messages: until its time is over, and beyond it where a hold lies over it.

commands.py  what is asked             events.py  what is noted
holds.py     copies of what goes       aging.py   what is due, and goes
views.py     where copies are found    house.py   how long, in a room that begins
"""
