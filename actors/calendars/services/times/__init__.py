"""Times for those who serve clients: which are free, what stands against one, how one is taken, what else there is."""
