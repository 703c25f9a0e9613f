"""Media of meetings, for load: a client, its stream, a user of locust."""
