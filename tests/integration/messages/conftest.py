"""One house for each module, emptied for each test."""

from tests.identity.shared import home, shared_house

__all__ = ["home", "shared_house"]
