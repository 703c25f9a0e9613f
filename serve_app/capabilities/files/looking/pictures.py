"""Pictures are made anew, in a process of their own: a hostile one costs that process, and nothing else."""

import asyncio
import contextlib
import sys
from importlib.util import find_spec
from typing import Final

import msgspec

from serve_app.capabilities.files.looking.made import Answer, NotMade

PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/heic"})
LARGEST: Final = 64 << 20
"""Bytes of a picture that is opened."""
_CHILD: Final = "serve_app.capabilities.files.looking.child"
_PATIENCE_S: Final = 30.0
_answers: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


def can_open(kind: str) -> bool:
    """Is there somebody who opens pictures of this type?"""
    return kind != "image/heic" or find_spec("pillow_heif") is not None


async def make(text: bytes, kind: str) -> Answer:
    """What is made of a picture. One that ends its process, or takes too long, is unreadable."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _CHILD,
        kind,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            told, _ = await child.communicate(text)
    except TimeoutError:
        return NotMade(reason="unreadable")
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    try:
        return _answers.decode(told)
    except msgspec.MsgspecError:
        return NotMade(reason="unreadable")
