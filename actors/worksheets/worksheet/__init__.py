"""What can be given to people: `worksheet:<id>`, a schema in numbered versions, its publication and its licence.

records.py      a worksheet as data, and as people see it
commands.py     what can be asked of it
events.py       what happens to it
entity.py       the rules
views.py        the read model
kind.py         the same as the kernel sees it
counting.py     what was handed in, read for figures
figures.py      how a worksheet fares, in figures of nobody
suppression.py  what of them is not told
"""
