"""Deliveries of turns to their listeners: subscribers, their deliveries, and the newest of them kept for who comes
back."""
