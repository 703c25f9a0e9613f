"""The room entity: members, messages, watermarks."""
