"""Broadcasts: `broadcast:<id>`, one notification for many, told page by page by the connector `audience`.

records.py      a broadcast as data, and as administrators see it
commands.py     what is asked
activities.py   a page, and what came of it: what the connector reads and gives
events.py       what happened, with the broadcast as it is then
entity.py       the entity and its rules
kind.py         broadcasts as the kernel sees them
"""
