"""Activities in a shard: from their turn to their answer."""
