"""What happens to an emergency. Each event holds all that is true afterwards, for lists and letters are made of
events. What is stored of it is stored for ever: new members stand at the end, with defaults."""

from typing import Literal

from actors.emergencies.records import Emergency
from actors.kernel.contract.entity import Event

Change = Literal[
    "raised",
    "joined",
    "asked",
    "acknowledged",
    "handed_over",
    "came_back",
    "raised_again",
    "resolved",
    "cancelled",
    "unanswered",
]


class EmergencyChanged(Event, frozen=True, kw_only=True, array_like=True, tag="changed"):
    """`change` happened. `asked` are asked to come, now or again; `mailed` of them also by mail; `channels`: only by
    these ((): by all). What was said with it (a message, a note) is the secret, under the person's key."""

    emergency: Emergency
    change: Change
    asked: tuple[str, ...] = ()
    mailed: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


class RungDue(Event, frozen=True, kw_only=True, array_like=True, tag="rung_due"):
    """The people of a rung are to be looked up."""

    emergency: Emergency


class Located(Event, frozen=True, kw_only=True, array_like=True, tag="located"):
    """The person said where they are: the secret, a packed `Location`."""

    emergency: Emergency


class LocationForgotten(Event, frozen=True, kw_only=True, array_like=True, tag="location_forgotten"):
    """Where they were is deleted: the events of these numbers lose their secret."""

    places: tuple[int, ...]


EmergencyEvent = EmergencyChanged | RungDue | Located | LocationForgotten
