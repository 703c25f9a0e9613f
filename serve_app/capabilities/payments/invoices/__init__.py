"""Invoices and credit notes: shown, drawn, corrected."""
