"""What follows from events about money.

payment.py  bills, payers, invoices, subscriptions: who is told, what is confirmed, invoiced, settled
fraud.py    what is counted for the rules that payments are looked at by
cards.py    bills that messages show: how they are by now
payouts.py  shares of therapists, and their payouts
"""
