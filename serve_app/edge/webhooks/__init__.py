"""What comes in: partners' webhooks, verified over the raw bytes, stored before they are answered, handed on by letter.

partners.py    a partner, as its capability declares it
verifiers.py   signatures as partners make them
arrivals.py    storing, lists, replays, clearing up
routes.py      the door
"""
