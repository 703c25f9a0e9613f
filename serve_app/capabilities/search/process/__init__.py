"""What runs in the search process, and how others ask it.

questions.py   what is asked and answered         link.py     the way there: one connection, many questions
index.py       words in, hashes out               keys.py     the key of an index, sealed
feeding.py     who tells of changes               indexer.py  the consumer of the journal
answering.py   candidates for a question          working.py  long work, one at a time
remembered.py  those that were proposed lately    making/     a new index beside the old one, or of nothing
checking.py    the index against its sources      engines.py  which engine it is
metrics.py     what is measured                   process.py  all of it together
"""
