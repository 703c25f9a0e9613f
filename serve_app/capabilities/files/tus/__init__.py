"""tus 1.0.0: uploads that can be resumed (https://tus.io/protocols/resumable-upload).

headers.py   what requests say
refusals.py  refusals with statuses of their own
uploads.py   uploads under way: whose, how long, until when; their bytes lie in blobs
routes.py    the requests, answered
"""
