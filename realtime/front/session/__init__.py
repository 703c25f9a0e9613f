"""The life of a session: how it begins, whose it is, what it missed, when it ends."""
