"""Calls: `call:<id>` rings, is answered or is not; `line:<user>` knows which call rings at a
person, or is rung by them.

records.py    a call as data, and as people see it
views.py      the read model: each side's own
call/         the entity of a call
line/         the entity of a person's line: one ringing call at a time
"""
