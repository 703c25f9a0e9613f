"""The waitlist: who waits for freed time, and who is offered it."""
