"""The connector `stripe`.

client.py         calls of the SDK, and what their failures mean
reading.py        Stripe's objects as ours: pure
provider.py       payments
customers.py      payers and their methods
payouts.py        accounts of others, and what is transferred to them
subscriptions.py  subscriptions that Stripe runs
statements.py     what has moved, for reconciliation
"""
