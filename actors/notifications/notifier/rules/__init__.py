"""The rules of a notifier: decisions over its state. Pure."""
