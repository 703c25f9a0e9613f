"""The Socket.IO front of one process: admission, sessions, events and their acks."""
