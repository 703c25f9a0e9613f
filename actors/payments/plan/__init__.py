"""`plan:<id>`: what can be subscribed to. Subscribers keep the version that they have until they change."""
