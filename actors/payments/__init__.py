"""Money: bills, who pays them, what things cost, whose share it is. One folder a kind; none imports another.

bill/           what somebody owes, the payments for it, and all that became of the money
payee/          what therapists are owed, and how it is paid out
payer/          who pays, and by what
intent/         whose a provider's object is
tariff/         what a therapist's services cost
fraud/          what a payment is looked at for before it begins
coupon/         codes that take something off
plan/           what can be subscribed to
subscription/   what is paid for from period to period, and used
issuer/         who issues invoices, and their numbers
taxtable/       the table of taxes
pricing/        what something costs and why: one pure function quotes and bills
services/       what takes more than one of them
activities.py   what entities ask of payment providers, and what those answer
declines.py     what a refused card means: try again, another method, never
figures.py      gross, net, fees: figures of a time, from the postings
kinds.py        all of the kinds, for the shards that host them
ledger.py       postings: each event that moves money carries its own, and they sum to zero
marks.py        what providers are told of ids
standing.py     what a provider is asked that runs subscriptions of its own, and what it answers
taxes.py        reckoning with the table of taxes
versions.py     changes that name the version they are meant for
"""
