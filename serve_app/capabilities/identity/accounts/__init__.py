"""Accounts: records, passwords, second factors, one-time codes, lockout."""
