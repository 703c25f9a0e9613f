"""WebSocket connections (RFC 6455): frames, the handshake, deadlines."""
