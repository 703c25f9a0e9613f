"""`issuer:<id>`: who issues invoices (`platform`, or a therapist). Numbers have no gap; what is issued stays."""
