"""An answer, page by page, with the rights of the moment.

wanted.py      what is asked, checked          granted.py     in whose place
proposing.py   what the index proposes         addressed.py   whose e-mail address it is
opening.py     hits as they are by now         matching.py    whether they say what was asked, and where
reranking.py   the first ones by meaning       pages.py       what a cursor stands for
presenting.py  what was found, as answered     service.py     all of it together
"""
