"""Care relationships: which therapist cares for which client."""
