"""Entities, shards and regions: durable, ordered, fenced. Knows no kind of entity by name."""
