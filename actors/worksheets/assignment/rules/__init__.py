"""The rules of an assignment, a file a subject; the entity hands itself in.

facing.py      an assignment as its rules see it
beginning.py   given, or brought in with its answers
course.py      which states follow which, and when it is due
changing.py    what its therapist does about it
handing.py     what its client does
tracking.py    how far the client is, and who is told when
submitting.py  handing in
numbering.py   the number of the document's last event
conversing.py  which rule decides what is said about it
talking.py     feedback and questions
timing.py      what time and letters do
cards.py       the blocks of messages that show it
rights.py      who may what
"""
