"""`subscription:<id>`: what is paid for from period to period.

state.py      the record
periods.py    when a period ends, and what a change within one costs
usage.py      what is used of a plan, once each
using.py      who uses it, within which limits
billing.py    the bills of periods, and what their payment means
changing.py   other terms, and what is billed when
mirroring.py  those that a provider runs: it is asked, and what it says is what they are
recurring.py  what it is worth in a year and a month, and how that moves
entity.py     who may do what, and what follows
commands.py  kind.py  answers.py   as in every kind
"""
