"""The page `/console/call`, and the one file that it and others make calls with."""
