"""Payouts: what therapists are owed and how it is paid, at both doors; statements as PDF."""
