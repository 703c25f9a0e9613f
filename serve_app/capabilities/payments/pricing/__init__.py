"""Prices: tariffs, tiers, codes and quotes."""
