"""The connector `scan`: has clamd look at the bytes of a file."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.files.activities import SCAN, Scan, Scanned
from common.errors import CarewireError, NotFound
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector, Erased, Later, Unreadable
from serve_app.capabilities.files.looking.clamd import Clamd, ClamdError
from store.ports.blobs import Blobs

_pack: Final = msgspec.msgpack.Encoder().encode
_scan: Final = msgspec.msgpack.Decoder(Scan).decode


class ScanConnector(Connector):
    """One a runner. To scan once more does no harm."""

    name = SCAN
    capacity = Capacity(at_once=4, call_s=45.0)
    remembers_s = FOR_EVER_S

    def __init__(self, blobs: Blobs, address: str) -> None:
        self._blobs, self._clamd = blobs, Clamd(address)

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            asked = _scan(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This version does not know such a scan.") from error
        try:
            clean = await self._clamd.is_clean(await self._blobs.read(asked.blob))
        except OSError as error:
            raise Later("unreachable", "clamd does not answer.") from error
        except ClamdError as error:
            raise Later(
                "no_verdict", "clamd could not scan a file; its limits may be too low.", only_this=True
            ) from error
        except NotFound as error:
            raise Erased from error
        except CarewireError as error:
            raise Later(error.code, error.message, retry_after_s=error.retry_after_s, only_this=True) from error
        return _pack(Scanned(verdict="clean" if clean else "infected"))

    @override
    async def find(self, call: Call) -> None:
        """It is scanned anew."""

    @override
    async def close(self) -> None:
        """Each scan has a connection of its own."""
