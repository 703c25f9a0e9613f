"""The page `/console/moderation`: a moderator's day over the REST API alone."""
