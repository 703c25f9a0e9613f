"""The follower: one process reads the journal once, in the order of each entity, and hands what it says to whoever
looks at it afterwards.

consumer.py    what a consumer is, and what it gets
positions.py   how far each has come
source.py      turns opened, and what was written while nobody looked
line.py        one consumer: what waits for it, and how it is handed over
follower.py    all of it together, under a lease
metrics.py     what is measured
"""
