"""What several suites share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.clients.heard import Heard, recorded

# The same examples in each run, however slow the machine is at the moment; other seeds are the drills'.
settings.register_profile(
    "carewire", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("carewire")

pytest_plugins = ["tests.mongo", "tests.partners.s3"]

if TYPE_CHECKING:
    from tests.system.harness import System


@pytest.fixture(autouse=True)
def every_event_is_declared() -> Iterator[None]:
    """Whatever the clients of the rigs hear is held against what is declared."""
    with recorded(Heard()) as heard:
        yield
    assert heard.problems == []


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[System]":
    """The whole program, running. One for all tests of a session, because a start takes its time."""
    from tests.system.harness import System

    system = System(tmp_path_factory.mktemp("carewire"))
    try:
        yield system.start()
    finally:
        system.stop()
