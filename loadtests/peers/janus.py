"""Janus, the media server in C, as Debian ships it: started with a configuration of its own, spoken to over HTTP."""

import asyncio
import secrets
import shutil
from pathlib import Path
from typing import Any, Final

import aiohttp

EXECUTABLE: Final = shutil.which("janus")
ROOM: Final = 1234
_JANUS: Final = """
general: {{
  configs_folder = "{folder}"
  plugins_folder = "/usr/lib/x86_64-linux-gnu/janus/plugins"
  transports_folder = "/usr/lib/x86_64-linux-gnu/janus/transports"
  events_folder = "/nonexistent"
  loggers_folder = "/nonexistent"
  debug_level = 2
  event_loops = 1
}}
nat: {{ ice_lite = true, ice_tcp = false, full_trickle = false }}
media: {{ ipv6 = false }}
plugins: {{
  disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,libjanus_nosip.so,\
libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,\
libjanus_voicemail.so"
}}
transports: {{
  disable = "libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so,libjanus_websockets.so"
}}
"""
_HTTP: Final = 'general: {{ json = "plain", base_path = "/janus", http = true, port = {port}, ip = "{host}" }}\n'
_ROOM: Final = """
room-{room}: {{
  description = "bench"
  publishers = 6
  bitrate = 0
  audiocodec = "opus"
  videocodec = "vp8"
}}
"""


def arguments(folder: Path, host: str, port: int) -> list[str]:
    """Of the program, once its configuration is written into `folder`."""
    assert EXECUTABLE is not None
    (folder / "janus.jcfg").write_text(_JANUS.format(folder=folder))
    (folder / "janus.transport.http.jcfg").write_text(_HTTP.format(host=host, port=port))
    (folder / "janus.plugin.videoroom.jcfg").write_text(_ROOM.format(room=ROOM))
    return [EXECUTABLE, "-F", str(folder), "-o"]


class Handle:
    """One person in Janus."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._http = session
        self._base = base

    async def _post(self, path: str, **body: Any) -> dict[str, Any]:
        async with self._http.post(self._base + path, json={"transaction": secrets.token_hex(6), **body}) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
        assert answer["janus"] in ("success", "ack"), answer
        return answer

    async def attach(self) -> None:
        """Begin a session, with the plugin that has rooms."""
        self._session = f"/{(await self._post('', janus='create'))['data']['id']}"
        attached = await self._post(self._session, janus="attach", plugin="janus.plugin.videoroom")
        self._handle = f"{self._session}/{attached['data']['id']}"

    async def message(self, body: dict[str, Any], sdp: tuple[str, str] | None = None) -> dict[str, Any]:
        """Ask the room for something, and wait for what it says."""
        jsep = {} if sdp is None else {"jsep": {"type": sdp[0], "sdp": sdp[1]}}
        await self._post(self._handle, janus="message", body=body, **jsep)
        while True:
            async with self._http.get(f"{self._base}{self._session}?maxev=1") as response:
                event: dict[str, Any] = await response.json(content_type=None)
            if event["janus"] == "event":
                return event

    async def poll(self) -> None:
        """Keep the session, for as long as it is let."""
        while True:
            async with self._http.get(f"{self._base}{self._session}?maxev=10") as response:
                await response.read()


async def ready(http: aiohttp.ClientSession, base: str) -> None:
    """Wait until it listens. Raises TimeoutError."""
    async with asyncio.timeout(20):
        while True:
            try:
                async with http.get(base + "/info") as response:
                    await response.read()
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
