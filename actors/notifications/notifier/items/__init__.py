"""Notifications themselves: parts of the notifier, their read model, and which numbers have been read."""
