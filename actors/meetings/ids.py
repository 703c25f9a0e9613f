"""Ids of meetings are made from what they are for, so that asking twice makes one."""

from typing import Final

CALL_MS: Final = 3_600_000  # for which a meeting of a call is planned


def meeting_of_booking(booking: str) -> str:
    """`bkg_x` has `mtg_x`."""
    return f"mtg_{booking.partition('_')[2]}"


def meeting_of_call(call: str) -> str:
    """`call_x` has `mtg_x`."""
    return f"mtg_{call.partition('_')[2]}"
