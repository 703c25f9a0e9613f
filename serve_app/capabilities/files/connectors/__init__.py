"""What is done with the bytes of files, behind everybody's back: looked at, scanned, wiped."""

from collections.abc import Iterable
from typing import Final

from serve_app.activities.connector import Connector
from serve_app.capabilities.connecting import Connectors, RunnerContext


def _open(context: RunnerContext) -> Iterable[Connector]:
    from serve_app.capabilities.files.connectors.files import FilesConnector

    yield FilesConnector(context.blobs, context.settings.files, context.clock)
    if (address := context.settings.files.clamd) is not None:
        from serve_app.capabilities.files.connectors.scan import ScanConnector

        yield ScanConnector(context.blobs, address)


CONNECTORS: Final = Connectors(feature="files", open=_open, process="files")
