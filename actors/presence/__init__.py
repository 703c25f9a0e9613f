"""Presence of users: volatile, so without a journal; rebuilt from the gateways, which know whose sockets they hold."""
