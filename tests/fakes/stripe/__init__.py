"""Stripe, on this machine: state, rules, keys, webhooks and mishaps.

server.py     on the wire
account.py    requests in, answers out; keys and what they keep
webhooks.py   events on their way to us
payer.py      what others do: payers, staff at the dashboard, banks
routes.py     the calls that there are
shapes.py     what a request may say, by the SDK's generated types
intents.py    payment intents, setup intents, charges
returns.py    refunds and disputes
cards.py      methods, and how their banks behave
connect.py    accounts of others, and transfers
books.py      objects, the balance, events
billing.py    products, prices, subscriptions, invoices
forms.py      bodies as Stripe takes them; objects in the place of their ids
faults.py     error answers
"""
