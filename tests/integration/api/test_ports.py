"""Processes of ours listen on ports of the range that they were given, beside others who do."""

import pytest

from actors.kernel.caller.direct import DirectServer
from common.errors import StartupError
from common.net.ports import PortRange, listen
from realtime.relay.relay import Relay
from realtime.socketio import EngineServer
from serve_app.processes.peers import PeerProcess
from tests.integration.test_direct import Echo
from tests.system.harness import free_ports

HERE = "127.0.0.1"


def a_range(width: int) -> PortRange:
    """Ports that are free, as far as anybody can tell."""
    for first in free_ports(50):
        try:
            for port in range(first, first + width):
                listen(HERE, PortRange(port, port)).close()
        except StartupError:
            continue
        return PortRange(first, first + width - 1)
    raise AssertionError(f"no {width} free ports in a row")


async def test_shards_gateways_and_replicas_share_a_range_until_it_is_full() -> None:
    ports = a_range(3)
    shard, relay = DirectServer(Echo(), "rooms-0"), Relay(b"s" * 32, lambda kind, result: None)
    peer, late = (
        PeerProcess(name, "api", host=HERE, ports=ports, metrics=bytes, stats=dict) for name in ("api-0", "api-1")
    )
    try:
        taken = {
            (await shard.start(HERE, ports)).port,
            (await relay.start(EngineServer(peers=relay), HERE, ports)).port,
        }
        taken.add(int((await peer.start()).address.rpartition(":")[2]))
        assert taken == set(range(ports.first, ports.last + 1))
        with pytest.raises(StartupError, match=f"No port of {ports} .* widen CAREWIRE_CLUSTER__PORTS"):
            await late.start()
        await peer.close()
        assert int((await late.start()).address.rpartition(":")[2]) in ports
    finally:
        relay.close()
        await shard.close()
        await peer.close()
        await late.close()


def test_without_a_range_the_system_chooses() -> None:
    first, second = listen(HERE, None), listen(HERE, None)
    try:
        assert first.getsockname()[1] != second.getsockname()[1]
    finally:
        first.close()
        second.close()


def test_an_address_that_is_not_ours_is_told_as_it_is() -> None:
    with pytest.raises(OSError, match="assign"):
        listen("192.0.2.1", PortRange(20_000, 20_001))
