"""A relay of our own for development (`CAREWIRE_TURN__EMBEDDED`): a `turnserver` of the PATH, on this machine alone."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from actors.meetings.house import turn_secret
from common.errors import StartupError
from common.logs import get_logger
from config.capabilities.meetings import TurnSettings

_BINARY: Final = "turnserver"
_AGAIN_S: Final = 1.0
_STOP_S: Final = 3.0
log = get_logger(__name__)


def find_turnserver() -> str:
    """Raises StartupError: there is none."""
    found = shutil.which(_BINARY)
    if found is None:
        raise StartupError(
            f"CAREWIRE_TURN__EMBEDDED needs {_BINARY} (Debian: apt install coturn), and it is not in the PATH."
        )
    return found


def config_of(turn: TurnSettings, directory: Path) -> str:
    """Its configuration: nothing but this machine is relayed to."""
    lines = (
        "listening-ip=127.0.0.1",
        f"listening-port={turn.port}",
        "relay-ip=127.0.0.1",
        "allow-loopback-peers",
        "realm=carewire",
        "use-auth-secret",
        f"static-auth-secret={turn_secret(turn)}",
        "no-tls",
        "no-dtls",
        "no-cli",
        "no-stdout-log",
        f"log-file={directory / 'turnserver.log'}",
        "simple-log",
        f"pidfile={directory / 'turnserver.pid'}",
        f"userdb={directory / 'turnserver.db'}",
    )
    return "\n".join(lines) + "\n"


class EmbeddedRelay:
    """One a run. Started again when it dies."""

    def __init__(self, turn: TurnSettings, data_dir: Path) -> None:
        self._turn, self._directory = turn, data_dir / "turn"
        self._process: asyncio.subprocess.Process | None = None
        self._living: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises StartupError: there is no such program."""
        binary = find_turnserver()
        self._directory.mkdir(parents=True, exist_ok=True)
        config = self._directory.absolute() / "turnserver.conf"
        config.touch(mode=0o600)
        config.write_text(config_of(self._turn, self._directory.absolute()))
        await self._spawn(binary, config)
        self._living = asyncio.create_task(self._live(binary, config))

    async def _spawn(self, binary: str, config: Path) -> None:
        nowhere = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            binary, "-c", str(config), stdin=nowhere, stdout=nowhere, stderr=nowhere, process_group=0
        )

    async def _live(self, binary: str, config: Path) -> None:
        while True:
            assert self._process is not None
            code = await self._process.wait()
            log.warning("turnserver.ended", code=code)
            await asyncio.sleep(_AGAIN_S)
            await self._spawn(binary, config)

    async def stop(self) -> None:
        """End it."""
        if self._living is not None:
            self._living.cancel()
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _STOP_S)
