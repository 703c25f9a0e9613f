"""One running Carewire for all scenarios of a module: each kills something, and waits until all is there again."""

from collections.abc import Iterator

import pytest

from tests.system.harness import System


@pytest.fixture(scope="module")
def victim(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The whole program with the settings that the module names in `SETTINGS`."""
    system = System(tmp_path_factory.mktemp("chaos"), **request.module.SETTINGS)
    try:
        yield system.start()
    finally:
        system.stop()
