"""Safety, without I/O."""
