"""Requests and queries of calendars, one body for REST and sockets."""
