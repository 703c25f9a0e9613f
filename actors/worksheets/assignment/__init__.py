"""A worksheet that somebody was given: `assignment:<id>`.

records.py     an assignment as data            shown.py       as people see it
contents.py    what is sealed: the schema it was given with, answers, words
commands.py    what can be asked of it           events.py    what happens to it
state.py       what it keeps, and its fold       entity.py    which rule decides what
rules/         the rules, a file a subject
shaping.py     as its document needs it, and as people see it
queries.py     answers that quote                reading.py   what they need of storage
kind.py        the same as the kernel sees it
"""
