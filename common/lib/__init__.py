"""Small tools that know nothing of Carewire: background tasks, batching, bounded caches."""
