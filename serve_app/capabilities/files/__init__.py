"""Files that people put into rooms: uploads, what they are, who may read them.

capability.py     for the list of capabilities
operations.py     what can be asked, at both doors
requests.py       what is sent, and what is answered
server_events.py  what sockets hear
service.py        files as doors serve them
sight.py          who may read a file
checking.py       documents against blobs, both ways
small.py          `POST /api/files`: a small file in one request
tus/              uploads that can be resumed
reading/          the bytes, given out
quota.py          how much a person has
health.py         does the storage answer, and the scanner?
metrics.py        bytes that come and go, and how many files there are
personal.py       export and erasure
connectors/       looking at bytes, and having them scanned
looking/          types by bytes, archives, pictures
"""
