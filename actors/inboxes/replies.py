"""The answers of a mailbox as types, in the members' order of the contract."""

import msgspec


class InboxAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what a mailbox answers, as JSON. By itself: it is done, and there is nothing to tell."""


class InboxEvent(InboxAnswer, frozen=True, kw_only=True):
    """Something that was addressed to the user: a Socket.IO event and its payload, with `event_id` and `inbox_seq`."""

    event: str
    data: msgspec.Raw


class InboxPage(InboxAnswer, frozen=True, kw_only=True):
    """A page of a mailbox, oldest first. `inbox_seq` is its last number, `seen` the highest acknowledged one."""

    events: list[InboxEvent]
    inbox_seq: int
    seen: int
    has_more: bool
