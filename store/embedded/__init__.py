"""A mongod of our own, as a child process."""
