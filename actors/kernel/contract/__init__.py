"""The contract between kinds, callers and shards: entities, ports, partitions, and the messages between region and
shard."""
