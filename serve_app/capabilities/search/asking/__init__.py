"""An answer, page by page, with the rights of the moment.

wanted.py   what is asked, checked          granted.py   in whose place
opening.py  hits as they are by now         matching.py  whether they say what was asked, and where
pages.py    what a cursor stands for        service.py   all of it together
"""
