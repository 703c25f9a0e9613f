"""Accounts, sessions, care relationships, and who may still come in."""
