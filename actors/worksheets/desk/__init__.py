"""What lies before one person: `desk:<user>`. Open work and recurring work, so that whatever concerns the two of a care
relationship finds it; and what is listed for the person: worksheets, assignments, scores over time.

commands.py  what can be asked of it          letters.py  what others write to it
events.py    what happens to it               entity.py   the rules
listing.py   worksheets and assignments       trends.py   scores over time
kind.py      the same as the kernel sees it
"""
