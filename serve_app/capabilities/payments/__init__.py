"""Payments: bills and who pays them, by providers who move the money."""
