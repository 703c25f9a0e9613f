"""Takes the fixture anew: `python -m tests.exchanges.record`. Only for a change that clients are meant to see."""

import asyncio
import gzip
import tempfile
from pathlib import Path
from typing import Any, Final

import msgspec

from common.logs import configure_logging
from config.settings import MongoSettings
from store.embedded.server import EmbeddedMongo
from tests.exchanges.script import play
from tests.exchanges.stage import Asked, Stage
from tests.identity_rig import house
from tests.mongo import free_port, url_of

FIXTURE: Final = Path(__file__).parents[1] / "data" / "exchanges.jsonl.gz"
_SETTLED_S: Final = 0.08  # letters between entities have arrived


class Exchange(msgspec.Struct, frozen=True):
    """What was sent, and what came back."""

    asked: Asked
    answer: Any


class Recorded(msgspec.Struct, frozen=True):
    """A whole fixture: the exchanges, and what the audit record said afterwards."""

    exchanges: list[Exchange]
    record: list[list[str]]


def kept() -> Recorded:
    """The fixture."""
    lines = gzip.decompress(FIXTURE.read_bytes()).splitlines()
    return Recorded(
        [msgspec.json.decode(line, type=Exchange) for line in lines[:-1]],
        msgspec.json.decode(lines[-1], type=list[list[str]]),
    )


async def take() -> Recorded:
    """Play the script."""
    with tempfile.TemporaryDirectory() as directory:
        port, data = free_port(), Path(directory)
        async with EmbeddedMongo(MongoSettings(port=port), data), house(url_of(port), "exchanges", data) as home:
            stage, taken = Stage(home), list[Exchange]()
            await home.gateway()

            async def perform(asked: Asked) -> Any:
                await asyncio.sleep(_SETTLED_S)
                taken.append(Exchange(asked, await stage.perform(asked)))
                return taken[-1].answer

            await play(perform)
            await asyncio.sleep(1.0)
            return Recorded(taken, await stage.record())


def main() -> None:
    configure_logging("ERROR", "json")
    recorded = asyncio.run(take())
    lines = [*map(msgspec.json.encode, recorded.exchanges), msgspec.json.encode(recorded.record)]
    FIXTURE.write_bytes(gzip.compress(b"\n".join(lines), 9, mtime=0))
    print(len(recorded.exchanges), "exchanges")


if __name__ == "__main__":
    main()
