"""The page `/console/worksheet`, and the one file that it and others fill worksheets in with."""
