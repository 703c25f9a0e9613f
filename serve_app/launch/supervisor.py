"""`carewire up`: starts MongoDB and Ray side by side, keeps both alive, and takes everything down again.

    carewire up (this process)
    ├── turnserver                with CAREWIRE_TURN__EMBEDDED; restarted by `relay` if it dies
    ├── mongod                    when no database is configured; restarted by `store.embedded.server` if it dies
    └── driver (serve_app.launch.driver) restarted here if it dies
        └── Ray: head processes, shards, Serve controller and replicas

Whatever ends this process, the others follow: in order on a signal; if it is killed, the driver ends them.
"""

import asyncio
import io
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from common.clock import SystemClock
from common.errors import StartupError, Unavailable
from config.settings import Settings
from serve_app.launch import rayhead
from serve_app.launch.orders import DriverReport, SupervisorOrder
from serve_app.launch.processtree import end_descendants, mark_descendants
from serve_app.launch.readiness import await_free
from serve_app.launch.relay import EmbeddedRelay
from serve_app.launch.runfile import RunFile, Running
from serve_app.launch.secrets import with_mongo_url
from serve_app.launch.switches import tell_switched_on
from store.embedded.server import EmbeddedMongo
from store.mongo.client import check_server, open_client
from store.mongo.kernel.leases import MongoLeases
from store.mongo.switches import MongoSwitches

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOP_S: Final = 10.0  # for the driver to drain and stop; mongod gets what is left of the 15 s promised
_NOTICED_S: Final = 2.0
_RESTARTS: Final = 3  # of the driver, within ...
_RESTARTS_WITHIN_S: Final = 300.0


class DriverDied(Exception):
    """The driver ended without being asked to."""


class Driver:
    """One life of the driver process, seen from its parent."""

    def __init__(self, process: asyncio.subprocess.Process, reports: asyncio.StreamReader) -> None:
        self._process, self._reports = process, reports
        self._unread = b""

    @classmethod
    async def spawn(cls, log: Path) -> "Driver":
        """Start it. Its terminal is `log`, its process group its own: Ctrl-C is for us alone."""
        reading, writing = os.pipe()
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "serve_app.launch.driver", str(writing), str(os.getpid())),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=(writing,),
                process_group=0,
            )
        os.close(writing)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", 0)
        )
        return cls(process, reader)

    async def order(self, order: SupervisorOrder) -> None:
        """Send an order; a driver that is gone is noticed where its report is awaited."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(pickle.dumps(order))
            await self._process.stdin.drain()

    async def reached(self, stage: str, tell: Callable[[str], None]) -> None:
        """Wait until it has come so far. `tell` is told what it waits for meanwhile.

        Raises:
            StartupError: it cannot. The line is the driver's.
            DriverDied: it ended on the way.
        """
        while (report := await self._next_report()).stage != stage:
            if report.stage == "failed":
                raise StartupError(report.message)
            if report.stage == "waiting":
                tell(report.message)

    async def _next_report(self) -> DriverReport:
        while True:
            stream = io.BytesIO(self._unread)
            with suppress(EOFError, pickle.UnpicklingError):
                report: DriverReport = pickle.load(stream)  # from our child, through a pipe that nobody else has  # noqa: S301
                self._unread = stream.read()
                return report
            more = await self._reports.read(65536)
            if not more:
                raise DriverDied
            self._unread += more

    async def ended(self) -> int:
        """Wait for its end. The exit code."""
        return await self._process.wait()

    async def stop(self, timeout_s: float) -> None:
        """Let it drain and stop. What has not stopped then is left for the killing."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), timeout_s)

    async def gone(self) -> None:
        """It was killed: wait until the event loop has noticed, which else complains when it closes."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _NOTICED_S)


class Supervisor:
    """One run of Carewire on this machine. `say` prints a line for the operator."""

    def __init__(self, settings: Settings, run_file: RunFile, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._run_file = run_file
        self._say = say
        self._scratch = rayhead.make_scratch()
        self._logs = settings.data_dir / "logs"
        self._mongo: EmbeddedMongo | None = None
        self._relay: EmbeddedRelay | None = None
        self._driver: Driver | None = None
        self._ready = False
        self._began = time.monotonic()

    async def run(self) -> None:
        """Start, stay, stop.

        Raises:
            StartupError: it could not be started, or not be kept alive. Nothing is left running.
        """
        mark_descendants()
        (self._settings.data_dir / "driver.log").unlink(missing_ok=True)
        stop = self._on_signal()
        try:
            self._write_run_file()
            await _first_of(self._live(), stop.wait())
            if stop.is_set():
                self._say("Stopping ...")
        finally:
            await self._stop()

    async def _live(self) -> None:
        if self._settings.turn.embedded and self._settings.features.video:
            self._relay = EmbeddedRelay(self._settings.turn, self._settings.data_dir)
            await self._relay.start()
            self._tell("TURN", f"127.0.0.1:{self._settings.turn.port}, embedded")
        mongo_url = asyncio.create_task(self._start_mongo())
        deaths: list[float] = []
        try:
            while True:
                await self._start_driver(mongo_url)
                self._announce()
                assert self._driver is not None
                code = await self._driver.ended()
                self._ready = False
                deaths.append(time.monotonic())
                self._say(f"Ray stopped unexpectedly (exit code {code}): starting it again. See {self._logs}.")
                self._too_often(deaths)
                self._clear_away()
        finally:
            mongo_url.cancel()
            await asyncio.gather(mongo_url, return_exceptions=True)  # else what it raised is complained of at the end

    async def _start_mongo(self) -> Settings:
        """The settings with the database's URL in them. Nobody else serves from it."""
        mongo = self._settings.mongo
        if mongo.url is None:
            self._mongo = EmbeddedMongo(mongo, self._settings.data_dir)
            await self._mongo.start()
            self._tell("MongoDB", f"127.0.0.1:{mongo.port}, embedded")
            settings = with_mongo_url(self._settings, self._mongo.url)
        else:
            settings = self._settings
        assert settings.mongo.url is not None
        client = open_client(settings.mongo.url.get_secret_value(), timeout_s=mongo.timeout_s)
        try:
            if mongo.url is not None:
                await check_server(client)
                self._tell("MongoDB", "the one of CAREWIRE_MONGO__URL")
            if settings.ray.address is None:  # the shards of a cluster that is joined outlive who started them
                await self._await_free(MongoLeases(client[mongo.database]))
            await self._tell_switched_on(MongoSwitches(client[mongo.database]))
        finally:
            client.close()
        return settings

    async def _tell_switched_on(self, switches: MongoSwitches) -> None:
        from actors.workflows.table import all_reactions  # every kind comes with it, and Ray starts meanwhile

        now_ms = SystemClock().now_ms()
        try:
            await tell_switched_on(switches, dict(self._settings.features), all_reactions(), self._say, now_ms=now_ms)
        except Unavailable as error:
            raise StartupError(f"{error.message} Which features were off could not be read.") from None

    async def _await_free(self, leases: MongoLeases) -> None:
        wait = self._settings.kernel.wait_for_leases
        try:
            await await_free(leases, wait=wait, tell=self._say, clock=SystemClock())
        except Unavailable as error:
            raise StartupError(f"{error.message} Its leases could not be read.") from None

    async def _start_driver(self, mongo: "asyncio.Task[Settings]") -> None:
        """Start Ray while MongoDB starts; deploy when both are there."""
        rayhead.show_logs(self._scratch, self._logs)
        self._driver = await Driver.spawn(self._settings.data_dir / "driver.log")
        await self._driver.order(SupervisorOrder(self._settings, self._scratch))
        try:
            await asyncio.gather(self._driver.reached("ray", self._say), asyncio.shield(mongo))
            self._tell("Ray", f"cluster at {self._settings.ray.address}" if self._settings.ray.address else "started")
            await self._driver.order(SupervisorOrder(mongo.result(), self._scratch))
            await self._driver.reached("ready", self._say)
        except DriverDied:
            raise StartupError(f"Ray ended while it was being started; {self._logs} and driver.log tell why.") from None

    def _announce(self) -> None:
        self._ready = True
        self._write_run_file()
        self._tell("Carewire", "REST API, shards and gateway")
        for name, url in self._urls().items():
            self._say(f"{name:<10} {url}")
        self._say("Carewire is ready")

    def _too_often(self, deaths: list[float]) -> None:
        recent = [at for at in deaths if at > time.monotonic() - _RESTARTS_WITHIN_S]
        if len(recent) > _RESTARTS:
            raise StartupError(f"Ray has stopped {len(recent)} times in a few minutes; {self._logs} tells why.")

    def _clear_away(self) -> None:
        """Remove what an ended driver has left: it would keep the ports."""
        end_descendants(sparing=self._mongo.pid if self._mongo is not None else None)
        rayhead.keep_logs(self._scratch, self._logs)
        self._scratch = rayhead.make_scratch()
        self._write_run_file()

    async def _stop(self) -> None:
        """Gateways and shards first, then the database. Nothing below us survives this."""
        if self._relay is not None:
            await self._relay.stop()
        if self._driver is not None and self._ready:
            await self._driver.stop(_STOP_S)
        end_descendants(sparing=self._mongo.pid if self._mongo is not None else None)
        if self._mongo is not None:
            await self._mongo.stop()
        end_descendants()
        if self._driver is not None:
            await self._driver.gone()
        rayhead.keep_logs(self._scratch, self._logs)

    def _on_signal(self) -> asyncio.Event:
        """Set by the first signal; the second one ends everything at once."""
        stop = asyncio.Event()

        def received() -> None:
            if stop.is_set():
                end_descendants(timeout_s=2.0)
                os._exit(130)
            stop.set()

        for number in _SIGNALS:
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # `nohup carewire up`
                asyncio.get_running_loop().add_signal_handler(number, received)
        return stop

    def _urls(self) -> dict[str, str]:
        http, gateway = self._settings.http, self._settings.gateway
        urls = {
            "REST API": f"http://{_reachable(http.host)}:{http.port}",
            "Socket.IO": f"http://{_reachable(gateway.host)}:{gateway.port}",
        }
        if self._settings.ray.address is None:
            urls["Dashboard"] = f"http://127.0.0.1:{self._settings.ray.dashboard_port}"
        return urls

    def _write_run_file(self) -> None:
        self._run_file.write(Running(os.getpid(), self._urls(), self._ready, str(self._scratch)))

    def _tell(self, part: str, what: str) -> None:
        self._say(f"  {time.monotonic() - self._began:5.1f} s  {part:<9} {what}")


def _reachable(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # compared with, not bound to  # noqa: S104
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


async def _first_of(*works: Coroutine[Any, Any, object]) -> None:
    """Until one of them ends; the others are cancelled. Raises what that one raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for task in done:
        task.result()
