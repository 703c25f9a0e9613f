"""`bill:<id>`: what somebody owes, the payments for it, and all that became of the money.

state.py    the record, and what follows from it (status, what is due, what is too much)
by_time.py  what a session costs by its minutes, as it was agreed
rules/      how it changes: opened, paid, observed, settled, refunded, disputed
cards.py    blocks of messages that stand for it
replies.py  bills, payments, refunds and disputes as they go over the wire
answers.py  what of them those see whom they concern
letters.py  what other entities and timers tell a bill
views.py    the read models
commands.py  events.py  entity.py  kind.py   as in every kind
"""
