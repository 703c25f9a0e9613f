"""A person in a real browser: a page without anything, and the few lines of JavaScript that a call needs."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from realtime.media.sdp.offer import SdpTrack
from realtime.media.unit import MediaUnit, UnitAnswer
from tests.clients.browser import Page
from tests.partners.udp_proxy import UdpProxy
from tests.waiting import eventually

_LIBRARY: Final = """
window.pc = new RTCPeerConnection();
window.videos = {};
window.senders = {};
pc.ontrack = ({track, transceiver}) => {
  const element = document.createElement(track.kind);
  element.autoplay = true; element.muted = track.kind === 'video'; element.playsInline = true;
  element.srcObject = new MediaStream([track]);
  document.body.append(element);
  videos[transceiver.mid] = element;
  if (track.kind === 'video') watchFrames(element);
};
const only = (kind, names) => RTCRtpReceiver.getCapabilities(kind).codecs.filter(c => names.includes(c.mimeType));
const spoken = {audio: ['audio/opus'], video: ['video/VP8', 'video/rtx']};
window.prefer = (t, kind) => t.setCodecPreferences(only(kind, spoken[kind]));
window.canvasTrack = (color, width, height) => {
  const canvas = Object.assign(document.createElement('canvas'), {width, height});
  const context = canvas.getContext('2d');
  let n = 0;
  setInterval(() => { context.fillStyle = color; context.fillRect(0, 0, width, height);
    context.fillStyle = '#' + (n++ % 10) + '00'; context.fillRect(n % width, 0, 4, 4); }, 40);
  return canvas.captureStream(25).getVideoTracks()[0];
};
window.noiseTrack = (width, height) => {
  const canvas = Object.assign(document.createElement('canvas'), {width, height});
  const context = canvas.getContext('2d');
  setInterval(() => {
    for (let i = 0; i < 60; i++) {
      context.fillStyle = `hsl(${Math.random() * 360}, 80%, 50%)`;
      context.fillRect(Math.random() * width, Math.random() * height, 60, 40);
    }
  }, 40);
  return canvas.captureStream(25).getVideoTracks()[0];
};
const frozen = {last: 0, longest: 0};
window.watchFrames = element => {
  const came = now => {
    if (frozen.last) frozen.longest = Math.max(frozen.longest, now - frozen.last);
    frozen.last = now;
    element.requestVideoFrameCallback(came);
  };
  element.requestVideoFrameCallback(came);
};
window.longestFreeze = () => Math.max(frozen.longest, performance.now() - frozen.last);
window.sendVideo = (source, track, simulcast) => {
  const sendEncodings = simulcast ? [
    {rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 150000},
    {rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 500000},
    {rid: 'h', scaleResolutionDownBy: 1, maxBitrate: 1500000}] : [{}];
  const t = pc.addTransceiver(track, {direction: 'sendonly', sendEncodings});
  prefer(t, 'video'); senders[source] = t;
};
window.sendMicrophone = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({audio: true});
  const t = pc.addTransceiver(stream.getAudioTracks()[0], {direction: 'sendonly'});
  prefer(t, 'audio'); senders.microphone = t;
};
window.receive = (audio, video) => {
  for (const [kind, count] of [['audio', audio], ['video', video]])
    for (let i = 0; i < count; i++) prefer(pc.addTransceiver(kind, {direction: 'recvonly'}), kind);
};
window.offer = async () => {
  await pc.setLocalDescription();
  return {sdp: pc.localDescription.sdp, tracks: Object.entries(senders).map(([source, t]) => ({mid: t.mid, source}))};
};
window.color = mid => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1});
  const context = canvas.getContext('2d');
  context.drawImage(videos[mid], 0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
window.inbound = async mid => {
  const stats = [...(await pc.getStats()).values()];
  return stats.find(s => s.type === 'inbound-rtp' && s.mid === mid) || {};
};
"""


@asynccontextmanager
async def an_empty_page() -> AsyncIterator[str]:
    """The address of a page with nothing in it, on loopback: where cameras may be asked for."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><body></body>", content_type="text/html")

    application = web.Application()
    application.router.add_get("/", page)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


class BrowserClient:
    """What `Client` is with aiortc, with a page."""

    def __init__(self, unit: MediaUnit, room: str, person: str, page: Page) -> None:
        self.unit, self.room, self.person, self.page = unit, room, person, page

    async def prepare(self) -> None:
        await self.page.run(_LIBRARY)

    async def send_color(
        self, source: str, color: str, width: int = 320, height: int = 240, *, simulcast: bool = False
    ) -> None:
        track = f"canvasTrack({json.dumps(color)}, {width}, {height})"
        await self.page.run(f"sendVideo({json.dumps(source)}, {track}, {json.dumps(simulcast)})")

    async def join(self, through: UdpProxy | None = None) -> UnitAnswer:
        offer = await self.page.run("offer()")
        tracks = [SdpTrack(**each) for each in offer["tracks"]]
        answer = self.unit.offer(self.room, self.person, offer["sdp"], tracks)
        sdp = answer.sdp if through is None else answer.sdp.replace(f" {self.unit.port} ", f" {through.port} ")
        await self.page.run(f"pc.setRemoteDescription({json.dumps({'type': 'answer', 'sdp': sdp})})")
        return answer

    async def inbound(self, mid: str) -> dict[str, Any]:
        stats: dict[str, Any] = await self.page.run(f"inbound({json.dumps(mid)})")
        return stats

    async def sees(self, mid: str, count: int = 1, timeout_s: float = 15) -> None:
        """Wait until `count` frames more have been decoded (of sound: packets received) in that section."""
        goal = _seen(await self.inbound(mid)) + count

        async def enough() -> bool:
            return _seen(await self.inbound(mid)) >= goal

        await eventually(enough, f"{self.person} sees too little in section {mid}", timeout_s=timeout_s)

    async def shows(self, mid: str, width: int, timeout_s: float = 20) -> None:
        """Wait until the picture in that section is so many pixels wide."""
        seen = []

        async def as_wide() -> bool:
            seen.append((await self.inbound(mid)).get("frameWidth"))
            return seen[-1] == width

        try:
            await eventually(as_wide, f"{self.person} does not see {width} pixels", timeout_s=timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error} but {seen[-1]}") from None

    async def color(self, mid: str) -> tuple[int, int, int]:
        """Of the whole picture in that section, on average."""
        red, green, blue = await self.page.run(f"color({json.dumps(mid)})")
        return red, green, blue


def _seen(stats: dict[str, Any]) -> int:
    return int(stats.get("framesDecoded" if stats.get("kind") == "video" else "packetsReceived", 0))
