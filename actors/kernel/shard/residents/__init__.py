"""Entities in the memory of a shard: how they come, what is known of them, and how they go."""
