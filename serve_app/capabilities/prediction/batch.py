"""Many predictions in one request: NDJSON in, NDJSON out, an answer as soon as it and those before it are there.

Each line is answered for itself; one that is refused says why and stops no other. A window bounds how many are on their
way at once, so that a list leaves room for people who wait.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final, Protocol

import msgspec
from pydantic import ValidationError

from common.errors import CarewireError, InvalidArgument
from serve_app.capabilities.prediction.models import PredictRequest
from serve_app.edge.api.problems import invalid_argument_from

MAX_LINES: Final = 500
WINDOW: Final = 32  # lines on their way to the predictor at once
MEDIA_TYPE: Final = "application/x-ndjson"

Reply = dict[str, object]


class SinglePredictor(Protocol):
    """Whoever answers one request."""

    async def ask(self, method: str, body: Reply) -> Reply:
        """The method's answer, or `{"error": <error object of the contract>}`."""


def lines_of(body: bytes) -> list[bytes]:
    """The lines of a request, without empty ones.

    Raises:
        InvalidArgument: there is none, or there are too many.
    """
    lines = [line for line in body.splitlines() if line.strip()]
    if not lines:
        raise InvalidArgument("Send one prediction request a line.", details={"field": "body"})
    if len(lines) > MAX_LINES:
        raise InvalidArgument(
            f"At most {MAX_LINES} lines can be sent at once; send the rest in another request.",
            details={"field": "body"},
        )
    return lines


async def scored(predictor: SinglePredictor, lines: list[bytes]) -> AsyncGenerator[bytes, None]:
    """One line of NDJSON for each of `lines`, in their order: `{line, of, answer}` or `{line, of, error}`."""
    waiting = enumerate(lines, start=1)
    under_way: deque[asyncio.Task[Reply]] = deque()
    try:
        for done in range(1, len(lines) + 1):
            while len(under_way) < WINDOW and (following := next(waiting, None)) is not None:
                under_way.append(asyncio.create_task(_one(predictor, following[1])))
            reply = await under_way[0]
            under_way.popleft()
            yield msgspec.json.encode({"line": done, "of": len(lines), **reply}) + b"\n"
    finally:
        for task in under_way:
            task.cancel()


async def _one(predictor: SinglePredictor, line: bytes) -> Reply:
    try:
        reply = await predictor.ask("predict", PredictRequest.model_validate_json(line).model_dump())
    except ValidationError as exc:
        return {"error": invalid_argument_from(exc.errors(include_url=False, include_input=False)).to_wire()}
    except CarewireError as exc:
        return {"error": exc.to_wire()}
    return reply if "error" in reply else {"answer": reply}
