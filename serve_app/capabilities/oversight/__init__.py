"""Oversight: the audit record over REST, and access in emergencies, which the person concerned is told of."""
