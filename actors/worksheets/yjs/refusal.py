"""Why bytes of a client are refused."""

from typing import Literal

Why = Literal["malformed", "gap", "client_number", "rights", "size"]


class UpdateRefused(Exception):
    """These bytes are not taken, and nothing has changed. `places`: (root, key) that are not the writer's."""

    def __init__(self, why: Why, message: str, places: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.why = why
        self.message = message
        self.places = places
