"""What is taken back, and what follows: which sockets must go, and who may still come in."""
