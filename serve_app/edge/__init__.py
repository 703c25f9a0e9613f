"""The two doors: REST and Socket.IO, and what every operation shares."""
