"""The books: balances, entries, taxes."""
