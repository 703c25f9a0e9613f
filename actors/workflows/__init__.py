"""What follows from what, across kinds: one file a subject, each a list of reactions; `table` collects them.

Kinds stay ignorant of each other: what a confirmed booking does to a mailbox is said here. A rule is pure, names the
event that it reacts to, and writes letters in which nothing in the clear quotes anybody. `docs/workflows.md` shows the
table and its graph.
"""
