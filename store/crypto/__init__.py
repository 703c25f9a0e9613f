"""Envelope encryption and its master keys."""
