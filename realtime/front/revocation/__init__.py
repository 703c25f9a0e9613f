"""Revocations, and what follows from them: which sockets must go, and who may still come in."""
