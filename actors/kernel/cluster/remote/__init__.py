"""Shards as Ray actors: the only folder of `actors/` that imports Ray. Options, handles, and Ray's errors as ours.

A shard is a named, detached actor that Ray restarts for ever: its state is in the journal, or is told anew by whoever
knows it (a *volatile* shard), so a restart loses nothing. Calls are never retried by Ray, because a call may have run:
only the region, who holds the command ids, repeats.
"""
