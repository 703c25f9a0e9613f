"""The doors of search: operations with their requests, answers and examples."""
