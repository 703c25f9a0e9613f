"""Deterministic safety: red flags and the early-warning score. They stand above the model and never depend on it."""
