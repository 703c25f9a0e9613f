"""Keys of devices: the rules."""
