"""Payments that are looked at before a provider hears of them: rules, held payments, decisions."""
