"""What kinds, callers and shards agree on: entities, ports, partitions, and the messages between region and shard."""
