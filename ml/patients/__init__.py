"""Synthetic patients: possible worlds, who lives in them, what they tell, and exact Bayes over all of it."""
