"""Safety: reports, blocks, cases, what is held, what somebody may not do, and words of danger.

capability.py     for the list of capabilities
doors/            what can be asked: operations, requests, examples
server_events.py  what sockets hear
reports.py        what somebody says is wrong
blocks.py         who wants nothing of whom
cases.py          finding, opening, deciding
refused.py        words that were refused, looked at once
spam.py           the same text to many is slowed down
restricting.py    what somebody may not do, at every door
partings.py       who may not call, or was blocked, is out of meetings
connectors.py     who is on duty hears of cases; evidence goes after its time
follows.py        what the follower reads for it
screening.py      words of danger, read after they are stored
health.py         is anybody looking?
personal.py       export and erasure
pages/         the page `/console/moderation`
"""
