"""Messages of a room: parts, history, read models, unread counts."""
