"""What every process shares: the settings tree, the error tree, logging, clocks and ids."""
