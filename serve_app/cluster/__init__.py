"""The Serve deployments, and how many of each there are."""
