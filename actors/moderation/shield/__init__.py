"""One person: whom they have blocked, what they may not do for a while, and which case their words of danger join."""
