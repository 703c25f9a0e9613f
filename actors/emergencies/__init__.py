"""Emergencies: cries for help, and who is asked until somebody comes.

`emergency:<id>` is raised, climbs its ladder, is acknowledged, handed over, ends; `ladder:<id>` is a ladder as it was
last set; `distress:<user>` knows which emergency of a person is open, so that a second cry joins it.

ladders.py      a ladder: who is asked first, who next, and how long each has
records.py      an emergency as data, and as people see it
views.py        the read model: lists
activities.py   looking up the people of a rung: what the connector `responders` reads and gives
emergency/      the entity of an emergency
ladder/         the entity of a ladder
person/         the entity of a person in distress
"""
