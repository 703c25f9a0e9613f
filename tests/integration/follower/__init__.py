"""The follower, over a real database."""
