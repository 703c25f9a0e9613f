"""`bill:<id>`: what somebody owes, the payments for it, and all that became of the money.

state.py    the record, and what follows from it (status, what is due, what is too much)
by_time.py  what a session costs by its minutes, as it was agreed
rules/      how it changes: opened, paid, observed, settled, refunded, disputed
cards.py    blocks of messages that stand for it
answers.py  bills, payments and refunds as those see them whom they concern
views.py    the read models
commands.py  events.py  entity.py  kind.py   as in every kind
"""
