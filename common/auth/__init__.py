"""Authentication: bearer tokens, their issuers, and revocations."""
