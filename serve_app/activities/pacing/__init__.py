"""When a partner may be called: its credits, its circuit breaker, the probes of that, and the next try."""
