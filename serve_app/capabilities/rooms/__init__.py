"""Chat rooms: their events and routes."""
