"""The Engine.IO server: sessions over polling and WebSocket."""
