"""A shard: takes commands in, runs turns, answers, publishes."""
