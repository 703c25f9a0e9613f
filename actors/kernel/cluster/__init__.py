"""Shards as processes: Ray actors, handoff of partitions, and the cluster in one process for tests."""
