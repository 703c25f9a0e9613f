"""Conversations: rooms that are bound to what two people are to each other. The rules are in `actors.rooms`."""
