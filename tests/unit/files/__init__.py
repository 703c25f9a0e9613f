"""Files: the rules, and what bytes are."""
