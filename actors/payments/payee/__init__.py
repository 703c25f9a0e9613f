"""`payee:<therapist>`: what a therapist is owed, and how it is paid out.

state.py    the record: what is not paid out yet, the payouts, the account at a provider
rules/      how it changes: earned, paid out, observed
answers.py  payouts, balances and accounts as their owners see them
views.py    the read models
commands.py  events.py  entity.py  kind.py   as in every kind
"""
