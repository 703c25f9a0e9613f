"""What was said at both doors, kept and replayed: a change that nobody meant shows."""
