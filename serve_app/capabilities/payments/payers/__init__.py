"""Who pays: customers, methods, guarantors."""
