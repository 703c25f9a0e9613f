"""`mailing:<activity>`: what providers tell of a mail after they took it."""
