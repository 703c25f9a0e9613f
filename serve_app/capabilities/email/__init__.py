"""Mail: its words, its form, and the servers that take it."""
