"""Broadcasts: one notification for everybody of a role, for some, or for all.

capability.py   for the list of capabilities
operations.py   what can be asked, at both doors
requests.py     what is sent, and what is answered
service.py      making one, and the dry run
people.py       who is told: page by page, in the order of their ids
connectors.py   the connector `audience`: tells a page
"""
