"""Small tools that know nothing of Carewire: background tasks, batching, retries, token buckets, bounded caches."""
