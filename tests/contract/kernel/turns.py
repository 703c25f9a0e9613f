"""Turns to store."""

from store.ports.journal import CommandRecord, Turn


def command_id(name: str) -> bytes:
    """16 bytes, as the kernel makes them."""
    return name.encode().ljust(16, b".")[:16]


def a_turn(entity: str, number: int, *events: bytes, first: int | None = None, **more: object) -> Turn:
    """Turn `number` of `entity`; unless told otherwise, every turn before it had one event. `answers` are the names
    of the commands that it answered."""
    answers = more.pop("answers", ())
    assert isinstance(answers, tuple)
    commands = tuple(CommandRecord(command_id(name), f'"{name}"'.encode()) for name in answers)
    rest = {"at_ms": 1_000_000 + number, "partition": 7, "primary": len(events), **more}
    return Turn(entity, number, number if first is None else first, events=events, commands=commands, **rest)  # type: ignore[arg-type]  # a test's shorthand
