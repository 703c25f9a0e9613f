"""Jobs: `job:<id>`, long work that staff starts, done in steps by the connector `jobs`.

commands.py     what is asked
activities.py   a step, and what came of it: what the connector reads and gives
events.py       what happened, with the job as lists show it
job.py          the entity and its rules
kind.py         jobs as the kernel sees them
"""
