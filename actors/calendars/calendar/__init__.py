"""The calendar of a therapist, a room or a device, and the agenda of a client."""
