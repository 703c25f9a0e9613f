"""The whole program takes its time to start, on a busy machine more of it."""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_TIMEOUT_S = 400


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longer limits for the tests of this folder than for the others."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(_TIMEOUT_S))
