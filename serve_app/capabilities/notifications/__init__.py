"""Notifications: what people are told, where, and why not."""
