"""The stateful half: the kernel, and one folder for each kind of entity."""
