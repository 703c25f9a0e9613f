"""Care: which therapist cares for which client, for those who serve clients."""
