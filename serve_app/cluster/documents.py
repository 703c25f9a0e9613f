"""Pages of `docs/` that are made of the program: `python -m serve_app.cluster.documents api > docs/api.md`."""

import sys
from collections.abc import Callable, Mapping
from typing import Final

from config.settings import Settings
from serve_app.cluster.blueprint import asyncapi_of, unconnected_api
from serve_app.edge.docs import render_api, render_events


def _api() -> str:
    return render_api(unconnected_api(Settings()).openapi())


def _events() -> str:
    return render_events(asyncapi_of(Settings()))


PAGES: Final[Mapping[str, Callable[[], str]]] = {"api": _api, "events": _events}
"""By the name of the file."""

if __name__ == "__main__":
    sys.stdout.write(PAGES[sys.argv[1]]())
