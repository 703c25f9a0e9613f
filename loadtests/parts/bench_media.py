"""CPU and delay of forwarded media: our unit beside aiortc's MediaRelay and Janus (Debian), with the same clients.

Workload: one person sends 720p VP8 of 1.4 Mbit/s and Opus, some 204 packets a second, to N receivers, who decode
nothing. Server and clients are in network namespaces of their own with a veth pair between them (as root; else on
loopback, which Janus does not offer). CPU is the server process's, by the kernel's count. A delay is from before a
packet is encrypted to after it is decrypted: of the last packet of each picture, at one receiver. All join first;
then it is sent, and each of the others stops reading once media flows to it: so clients take none of the time that is
to be measured.
"""

import argparse
import asyncio
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import psutil

from loadtests.lib.media.client import MediaClient, OfferedSection
from loadtests.lib.media.stream import AUDIO_SSRC, VIDEO_SSRC, Stream, pictures
from loadtests.peers.janus import EXECUTABLE, ROOM, Handle, arguments, ready
from realtime.media.parts import Certificate

SENDS: Final = (OfferedSection("0", "audio", AUDIO_SSRC), OfferedSection("1", "video", VIDEO_SSRC))
RECEIVES: Final = (OfferedSection("0", "audio"), OfferedSection("1", "video"))
HTTP_PORT: Final = 8188
DEVICES: Final = Path("/sys/class/net")
IP: Final = shutil.which("ip") or ""

Join = Callable[[MediaClient, bool], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """Where a server runs, and how it is started there."""

    prefix: tuple[str, ...]
    host: str
    here: str


@asynccontextmanager
async def in_python(module: str, place: ServerPlace) -> AsyncIterator[tuple[int, Join]]:
    """A server that speaks lines of JSON: its process, and how to join it."""
    command = (*place.prefix, sys.executable, "-m", module, "--host", place.host)
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    async def join(client: MediaClient, sends: bool) -> None:
        offer = client.offer(SENDS if sends else RECEIVES)
        asked = {"person": secrets.token_hex(4), "sends": sends, "sdp": offer}
        stdin.write(json.dumps(asked).encode() + b"\n")
        answer = json.loads(await stdout.readline())
        await client.connect(answer["sdp"])

    try:
        yield process.pid, join
    finally:
        stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def in_janus(place: ServerPlace) -> AsyncIterator[tuple[int, Join]]:
    """Janus: its process, and how to join it. The first to come sends."""
    base = f"http://{place.host}:{HTTP_PORT}/janus"
    with tempfile.TemporaryDirectory() as folder:
        command = (*place.prefix, *arguments(Path(folder), place.host, HTTP_PORT))
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        feeds: list[int] = []
        polls: list[asyncio.Task[None]] = []
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

            async def join(client: MediaClient, sends: bool) -> None:
                handle = Handle(http, base)
                await handle.attach()
                if sends:
                    joined = await handle.message({"request": "join", "ptype": "publisher", "room": ROOM})
                    feeds.append(joined["plugindata"]["data"]["id"])
                    event = await handle.message({"request": "publish"}, ("offer", client.offer(SENDS)))
                    polls.append(asyncio.create_task(handle.poll()))
                    await client.connect(event["jsep"]["sdp"])
                    return
                wanted = {"request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{"feed": feeds[0]}]}
                offer = (await handle.message(wanted))["jsep"]["sdp"]
                await handle.message({"request": "start"}, ("answer", client.answer(offer)))
                polls.append(asyncio.create_task(handle.poll()))
                await client.connect(offer)

            try:
                await ready(http, base)
                yield process.pid, join
            finally:
                for poll in polls:
                    poll.cancel()
                await asyncio.gather(*polls, return_exceptions=True)
                process.terminate()
                await process.wait()


def cpu_s(pid: int) -> float:
    """What a process has used, all its threads."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def arrived_bytes(here: str) -> int:
    """What has come to the address `here`, as the device counts it: the only one of a namespace, or the loopback one,
    where what the sender sends is among it. Not in packets, since a device counts what is yet to be cut up as one."""
    name = "lo" if here == "127.0.0.1" else next(each.name for each in DEVICES.iterdir() if each.name != "lo")
    return int((DEVICES / name / "statistics" / "rx_bytes").read_text())


async def measure(title: str, server: Any, receivers: int, seconds: float, frames: list[bytes], here: str) -> float:
    """One run, printed. Seconds of CPU a second and receiver."""
    certificate = Certificate.generateCertificate()
    loop = asyncio.get_running_loop()
    async with server as (pid, join):
        sender = MediaClient(here, certificate)
        await join(sender, True)
        clients, joins_s = [], []
        for i in range(receivers):
            clients.append(MediaClient(here, certificate, reads=i == 0 and title != "MediaRelay", brief=i > 0))
            began = loop.time()
            await join(clients[-1], False)
            joins_s.append(loop.time() - began)
        running = asyncio.create_task(Stream(sender, frames).run())
        async with asyncio.timeout(60):
            for client in clients:
                await client.flows.wait()
        clients[0].delays_s.clear()
        packets, octets, used, began = clients[0].packets, arrived_bytes(here), cpu_s(pid), loop.time()
        read = clients[0].bytes
        await asyncio.sleep(seconds)
        took = loop.time() - began
        used, octets = cpu_s(pid) - used, arrived_bytes(here) - octets
        packets, read = (clients[0].packets - packets) * receivers, (clients[0].bytes - read) * receivers
        resident_mb = psutil.Process(pid).memory_info().rss / 1e6
        running.cancel()
        for client in (*clients, sender):
            await client.close()
    delays = sorted(clients[0].delays_s)
    share = used / took / receivers
    if octets < 0.98 * read:
        print(f"{title}: only {octets / read:.0%} of what one receiver got came to the others")
    print(
        f"{title:10} {receivers:3} receivers: {packets / took:6.0f} packets/s out, "
        f"{used / packets * 1e6:6.1f} us a packet, "
        f"{100 * share:5.2f} % of a core each, {100 * used / took:5.1f} % in all, {resident_mb:3.0f} MB"
    )
    if clients[0].delays_s:
        p50, p99 = statistics.median(delays), delays[int(0.99 * len(delays))]
        print(f"{'':10} delay p50 {1e3 * p50:.2f} ms, p99 {1e3 * p99:.2f} ms", end="; ")
    print(f"join p50 {1e3 * statistics.median(joins_s):.0f} ms, worst {1e3 * max(joins_s):.0f} ms", flush=True)
    return share


async def run(arguments: argparse.Namespace) -> int:
    """All of them, in turn; our unit beside each of its peers."""
    place = ServerPlace(tuple(arguments.prefix.split()), arguments.server, arguments.here)
    frames = pictures(2 if arguments.quick else 4)
    seconds = 1.0 if arguments.quick else arguments.seconds

    async def ours(receivers: int) -> float:
        return await measure(
            "unit",
            in_python("loadtests.peers.media_unit", place),
            receivers=receivers,
            seconds=seconds,
            frames=frames,
            here=place.here,
        )

    shares: dict[tuple[str, int], float] = {}
    for receivers in [2] if arguments.quick else arguments.receivers:
        shares["unit", receivers] = await ours(receivers)
        if EXECUTABLE is None or not place.prefix:
            print("janus: not measured (it needs to be installed, and network namespaces)")
        elif receivers <= 60:
            shares["janus", receivers] = await measure(
                "janus", in_janus(place), receivers=receivers, seconds=seconds, frames=frames, here=place.here
            )
            print(f"{'':14} {shares['unit', receivers] / shares['janus', receivers]:.2f} of Janus' CPU", flush=True)
    few = 1 if arguments.quick else 2
    relay = await measure(
        "MediaRelay",
        in_python("loadtests.peers.media_relay", place),
        receivers=few,
        seconds=seconds,
        frames=frames,
        here=place.here,
    )
    best = min(share for (name, _), share in shares.items() if name == "unit")
    print(f"{'':14} {relay / best:.0f} times less CPU a receiver than MediaRelay")
    return 0


def namespaces(name: str) -> list[list[str]]:
    """The commands that make two of them, joined by a veth pair."""
    one, other = f"{name}a", f"{name}b"
    return [
        [IP, "netns", "add", one],
        [IP, "netns", "add", other],
        [IP, "link", "add", one, "netns", one, "type", "veth", "peer", "name", other, "netns", other],
        [IP, "-n", one, "addr", "add", "10.199.0.1/24", "dev", one],
        [IP, "-n", other, "addr", "add", "10.199.0.2/24", "dev", other],
        [IP, "-n", one, "link", "set", one, "up"],
        [IP, "-n", other, "link", "set", other, "up"],
        [IP, "-n", one, "link", "set", "lo", "up"],
        [IP, "-n", other, "link", "set", "lo", "up"],
    ]


def main() -> int:
    """The exit code: 0 when all went well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="does it work? The figures mean nothing")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each run")
    parser.add_argument("--receivers", type=int, nargs="+", default=[10, 30, 60, 200])
    parser.add_argument("--server", default="127.0.0.1", help=argparse.SUPPRESS)
    parser.add_argument("--here", default="127.0.0.1", help=argparse.SUPPRESS)
    parser.add_argument("--prefix", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.prefix or os.geteuid() != 0 or not IP:
        return asyncio.run(run(arguments))
    name = f"cw{os.getpid() % 100000}"
    try:
        for command in namespaces(name):
            if subprocess.run(command, check=False).returncode != 0:
                print("no network namespaces here: on loopback")
                return asyncio.run(run(arguments))
        inside = [IP, "netns", "exec", f"{name}b", sys.executable, "-m", "loadtests.parts.bench_media", *sys.argv[1:]]
        inside += ["--server", "10.199.0.1", "--here", "10.199.0.2", "--prefix", f"{IP} netns exec {name}a"]
        return subprocess.run(inside, check=False).returncode
    finally:
        for each in ("a", "b"):
            command = [IP, "netns", "del", name + each]
            subprocess.run(command, check=False, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
