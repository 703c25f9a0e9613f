"""From topics to sockets: subscriptions, fan-out, recovery."""
