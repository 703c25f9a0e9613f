"""Worksheets: made, published, given, filled in, handed in, scored, followed.

capability.py        for the list of capabilities
operations/          all that is asked, at both doors
sheets.py            the service of worksheets
work.py              that of assignments
exchange/            how they are read and written
writing/             what is written together
pages/               the page that fills one in
zones.py             where somebody's clocks are
requests.py          what is sent about worksheets, and pages of what is answered
work_requests.py     the same about assignments
members.py           what both have
answers.py           what is answered where it is more than an entity gives
examples.py          both, for the documents
server_events.py     what sockets hear
personal.py          export and erasure
"""
