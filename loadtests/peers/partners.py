"""Push services and a mail server that take everything at once, for benches: `python -m loadtests.peers.partners`.

Prints the ports of each as JSON, and ends with its standard input.
"""

import asyncio
import json
import ssl
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import h2.config
import h2.connection
import h2.events
from aiohttp import web
from typing_extensions import override

from loadtests.peers.certificate import self_signed


async def _http() -> int:
    """Browsers' services and Firebase: 201, and tokens for whoever asks."""
    app = web.Application()

    async def push(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=201)

    async def message(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"name": "projects/bench/messages/1"})

    async def token(_: web.Request) -> web.Response:
        return web.json_response({"access_token": "bench", "expires_in": 3599, "token_type": "Bearer"})

    app.add_routes([web.post("/push/{device}", push), web.post("/token", token)])
    app.router.add_post("/v1/projects/{project}/messages:send", message)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return int(runner.addresses[0][1])


class _Apple(asyncio.Protocol):
    """Apple's push service: 200 to everything."""

    def __init__(self) -> None:
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._h2.initiate_connection()
        transport.write(self._h2.data_to_send())

    @override
    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        for event in self._h2.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                self._h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
            if isinstance(event, h2.events.StreamEnded):
                self._h2.send_headers(event.stream_id or 0, [(b":status", b"200")], end_stream=True)
        self._transport.write(self._h2.data_to_send())


async def _mail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A mail server: 250 to everything."""
    writer.write(b"220 bench ESMTP\r\n")
    in_data = False
    while line := await reader.readline():
        if in_data:
            in_data = line != b".\r\n"
            if not in_data:
                writer.write(b"250 OK\r\n")
            continue
        verb = line[:4].upper()
        in_data = verb == b"DATA"
        answer = {b"EHLO": b"250-bench\r\n250 SMTPUTF8\r\n", b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}
        writer.write(answer.get(verb, b"250 OK\r\n"))
    writer.close()


async def _serve() -> None:
    with TemporaryDirectory() as folder:
        cert = self_signed(Path(folder))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(cert)
        tls.set_alpn_protocols(["h2"])
        loop = asyncio.get_running_loop()
        apple = await loop.create_server(_Apple, "127.0.0.1", 0, ssl=tls)
        mail = await asyncio.start_server(_mail, "127.0.0.1", 0)
        ports = {
            "http": await _http(),
            "apns": apple.sockets[0].getsockname()[1],
            "smtp": mail.sockets[0].getsockname()[1],
        }
        print(json.dumps(ports), flush=True)
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
