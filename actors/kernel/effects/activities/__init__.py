"""Activities at a shard: kept by their turns, offered to runners, over when their answer is stored."""
