"""The pauses of the kernel before it tries again: their ceilings, in seconds (see `common.lib.retry`)."""

from common.lib.retry import Backoff


def database_backoff() -> Backoff:
    """While the database does not answer."""
    return Backoff(0.4, 1.6)


def call_backoff() -> Backoff:
    """While a shard cannot be reached, or does not know its caller."""
    return Backoff(0.02, 0.5)
