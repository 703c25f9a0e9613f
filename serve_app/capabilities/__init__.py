"""What the platform does: one folder a capability."""
