"""Starting and stopping: supervisor, driver, preflight checks, secrets."""
