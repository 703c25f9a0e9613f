"""What the identity rig is put together from."""
