"""How a bill changes. Pure: each rule changes a draft.

draft.py       one change of it: the record, its postings, what is asked of a provider
opening.py     a bill is made, its lines are changed, its share goes elsewhere, nobody owes it any more
paying.py      payments begun, confirmed, given up
observing.py   what is heard of a provider's object: it is read, what it says is folded in
settling.py    what is owed by the state: captures, releases, returns
reviewing.py   payments that staff looks at before they begin
refunding.py   money given back
booking.py     what becomes of the money for a session
far.py         sessions that lie farther off than money can be held
timing.py      what a session costs by the time in which both sides were there
disputing.py   evidence is drafted, sent, or the dispute is given up
evidence.py    what the bill itself can say in a dispute
mirrored.py    bills of subscriptions that a provider runs
manual.py      the provider without a process
"""
