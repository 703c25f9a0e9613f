"""A session: how it is opened, what waits in it, and how it is kept alive."""
