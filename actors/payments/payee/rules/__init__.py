"""How a payee changes. Pure: each rule changes a draft.

draft.py      one change: the record, the money that moved, what is asked of a provider
earning.py    shares come, go back, and fall due
paying.py     what is due is paid out
observing.py  what a provider says of an account and of a payout is folded in
"""
