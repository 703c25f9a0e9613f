"""What something costs, and why: the same pure function quotes and bills.

quote.py   base, rules, codes and tax, with the explanation in words
"""
