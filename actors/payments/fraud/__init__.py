"""What a payment is looked at for before a provider hears of it.

scoring.py   the rules and the verdict: pure
table.py     `fraud:rules`: the rules that staff has written
counting.py  `risk:<scope>`: what one payer, or one network address, has tried
"""
