"""Refusals of tus whose status is not the one that goes with their code."""

from typing import Final

from common.errors import CarewireError

CHECKSUM_MISMATCH: Final = 460


class TusRefusal(Exception):
    """Answered as `error` is, with this status."""

    def __init__(self, error: CarewireError, status: int) -> None:
        super().__init__(error.message)
        self.error, self.status = error, status
