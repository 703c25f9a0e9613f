"""Conversations at both doors."""
