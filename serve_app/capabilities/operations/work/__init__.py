"""Long work that operators start, a file a kind."""
