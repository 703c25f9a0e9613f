"""A person's data: all of it handed out, or destroyed."""
