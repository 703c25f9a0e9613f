"""A MongoDB of our own: a mongod that is a child of this process, as a replica set of one.

It keeps its data in `<data_dir>/mongo`, is restarted when it dies, stops with `stop()`, and is killed by the operating
system should this process be killed (its journal makes that safe).
"""

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Self

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import OperationFailure, PyMongoError

from common.errors import StartupError
from common.logs import get_logger
from config.settings import MongoSettings
from store.embedded.mongod import REPLICA_SET, check_free, check_mongod, command_line, find_mongod, why_it_stopped
from store.mongo.client import Client

DATABASE_DIR: Final = "mongo"  # in the data directory
_START_S: Final = 60.0  # recovery after a crash included
_STOP_S: Final = 8.0
_POLL_S: Final = 0.03
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S, _STABLE_S = 0.1, 10.0, 60.0
_LOG_BYTES: Final = 20_000_000
_NOT_YET_INITIALIZED: Final = 94

log = get_logger(__name__)


class EmbeddedMongo:
    """Starts, supervises and stops the mongod. Use it from a thread that lives as long as it should."""

    def __init__(self, settings: MongoSettings, data_dir: Path) -> None:
        self._settings = settings
        self._dbpath = data_dir / DATABASE_DIR
        self._log_path = data_dir / "mongod.log"
        self._log_from = 0
        self._binary = Path()
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self.restarts = 0

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"mongodb://127.0.0.1:{self._settings.port}/?replicaSet={REPLICA_SET}"

    @property
    def pid(self) -> int | None:
        """Of the mongod, while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> str:
        """Returns when it accepts writes: the URL for clients.

        Raises:
            StartupError: there is no mongod, it cannot run here, or its port or data are in use.
        """
        self._binary = await asyncio.to_thread(self._prepare)
        await self._launch()
        self._supervisor = asyncio.create_task(self._supervise(), name="mongod")
        return self.url

    async def stop(self, timeout_s: float = _STOP_S) -> None:
        """Ask it to stop, and kill it if it has not by then. Idempotent."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])
            self._supervisor = None
        await self._end(timeout_s)

    def _prepare(self) -> Path:
        binary = find_mongod(self._settings.binary)
        check_mongod(binary)
        try:
            self._dbpath.mkdir(parents=True, exist_ok=True)
            self._dbpath.chmod(0o700)
            check_free(self._dbpath, self._settings.port)
            if self._log_path.exists() and self._log_path.stat().st_size > _LOG_BYTES:
                self._log_path.replace(self._log_path.with_suffix(".log.1"))
        except OSError as exc:
            raise StartupError(f"{exc.filename} cannot be used: {exc.strerror}; set CAREWIRE_DATA_DIR.") from exc
        return binary

    async def _launch(self) -> None:
        self._log_from = self._log_path.stat().st_size if self._log_path.exists() else 0
        self._process = await asyncio.create_subprocess_exec(
            *command_line(self._binary, self._settings, self._dbpath, self._log_path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for us; we stop it when all who use it have stopped
        )
        ready = asyncio.create_task(self._until_primary())
        died = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait({ready, died}, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                raise StartupError(self._why_not(died.result() if died.done() else None))
            ready.result()
            log.info("mongod.ready", pid=self._process.pid, port=self._settings.port)
        except BaseException:
            await self._end(_STOP_S)
            raise
        finally:
            for task in (ready, died):
                task.cancel()
            await asyncio.wait({ready, died})

    def _why_not(self, code: int | None) -> str:
        if code is None:
            return f"The embedded mongod was not ready within {_START_S:.0f} s. Its log: {self._log_path}"
        free_bytes = shutil.disk_usage(self._dbpath).free
        return why_it_stopped(
            code=code,
            settings=self._settings,
            dbpath=self._dbpath,
            log_path=self._log_path,
            log_from=self._log_from,
            free_bytes=free_bytes,
        )

    async def _until_primary(self) -> None:
        await _until(self._listens)  # far quicker than the driver's own discovery
        url = f"mongodb://127.0.0.1:{self._settings.port}/?directConnection=true"
        client: Client = AsyncIOMotorClient(url, serverSelectionTimeoutMS=1000)
        try:
            await _until(lambda: self._is_primary(client))
        finally:
            client.close()

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._settings.port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True

    async def _is_primary(self, client: Client) -> bool:
        """Does it take writes? If it has no replica set yet, or knows itself by another port, that is put right."""
        me = f"127.0.0.1:{self._settings.port}"
        try:
            hello = await client.admin.command("hello")
            if hello.get("isWritablePrimary"):
                return True
            try:
                answer = await client.admin.command("replSetGetConfig")
            except OperationFailure as exc:
                if exc.code != _NOT_YET_INITIALIZED:
                    raise
                config = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": me}]}
                await client.admin.command("replSetInitiate", config)
                return False
            config = answer["config"]
            if [member["host"] for member in config["members"]] != [me]:
                changed = {**config, "version": config["version"] + 1, "members": [{"_id": 0, "host": me}]}
                await client.admin.command("replSetReconfig", changed, force=True)
        except PyMongoError as exc:
            log.debug("mongod.not_ready", error=type(exc).__name__)
        return False

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        backoff_s = _FIRST_BACKOFF_S
        while self._process is not None:
            started_s = loop.time()
            code = await self._process.wait()
            if loop.time() - started_s > _STABLE_S:
                backoff_s = _FIRST_BACKOFF_S
            log.error("mongod.died", exit_code=code, again_in_s=backoff_s)
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)
            self.restarts += 1
            try:
                await self._launch()
            except (StartupError, OSError) as exc:
                log.error("mongod.not_restarted", why=str(exc))

    async def _end(self, timeout_s: float) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), timeout_s)
        except TimeoutError:
            log.warning("mongod.killed", pid=process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _until(met: Callable[[], Awaitable[bool]]) -> None:
    while True:
        if await met():
            return
        await asyncio.sleep(_POLL_S)
