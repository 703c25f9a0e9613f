"""The page `/console/search`: a search in a browser."""
