"""An S3 of our own: moto's server, over a real wire."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where it listens."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """One for each test process. Its buckets are in memory, and die with it."""
    from moto.server import ThreadedMotoServer  # two seconds, for the tests that need it

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield S3Server(server.get_host_and_port()[1])
    finally:
        server.stop()
