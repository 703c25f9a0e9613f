"""The caller's side: regions, their channels to shards, and the direct TCP connection."""
