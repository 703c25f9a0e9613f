"""`payer:<user>`: who pays. Their customers at providers, their methods, and who pays in their place."""
