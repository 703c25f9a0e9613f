"""All tracks of a recording on one clock in one Matroska file, made while it is read: nothing is decoded, and no more
is in memory than a few pieces of each track."""

import asyncio
import heapq
import queue
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias

import av
from av.container import InputContainer, OutputContainer

from actors.recordings.state import Track
from serve_app.capabilities.meetings.recordings.manifests import blob_of
from store.ports.blobs import Blobs

Packet: TypeAlias = "av.Packet[Any]"
_CLOCK: Final = Fraction(1, 1000)
_WAITING: Final = 16  # pieces of the file that wait for whoever reads it
_PIECE: Final = 256 * 1024


class _Bytes:
    """A blob as a file that PyAV reads, from a thread of its own."""

    def __init__(self, pieces: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self._pieces, self._loop, self._rest = pieces, loop, b""

    def read(self, size: int) -> bytes:
        if not self._rest:
            self._rest = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    async def _next(self) -> bytes:
        return await anext(self._pieces, b"")


@dataclass(slots=True)
class _Out:
    """What PyAV writes to. It cannot seek; it waits while nobody reads, and breaks off when nobody will."""

    pieces: "queue.Queue[bytes | None]"
    stopped: threading.Event
    buffer: bytearray

    def write(self, data: bytes) -> int:
        self.buffer += data
        if len(self.buffer) >= _PIECE:
            self.flush()
        return len(data)

    def flush(self) -> None:
        if self.buffer:
            self.put(bytes(self.buffer))
            self.buffer.clear()

    def put(self, piece: bytes | None) -> None:
        """Raises BrokenPipeError: nobody will read it."""
        while not self.stopped.is_set():
            with suppress(queue.Full):
                self.pieces.put(piece, timeout=0.2)
                return
        raise BrokenPipeError


async def muxed(blobs: Blobs, tracks: Sequence[Track], began: int) -> AsyncIterator[bytes]:
    """The file, piece by piece. `began`: when the recording did.

    Raises:
        NotFound: a track is no more; nothing has been given yet.
    """
    loop = asyncio.get_running_loop()
    files = [_Bytes(await blobs.read(blob_of(track.id), 0, track.bytes), loop) for track in tracks]
    out = _Out(queue.Queue(_WAITING), threading.Event(), bytearray())
    thread = threading.Thread(target=_mux, args=(files, tracks, began, out), daemon=True, name="mux")
    thread.start()
    return _given(out)


async def _given(out: _Out) -> AsyncIterator[bytes]:
    try:
        while (piece := await asyncio.to_thread(out.pieces.get)) is not None:
            yield piece
    finally:
        out.stopped.set()


def _mux(files: Sequence[_Bytes], tracks: Sequence[Track], began: int, out: _Out) -> None:
    try:
        with av.open(out, "w", format="matroska", options={"live": "1"}) as container:
            inputs = [av.open(file, "r", format="matroska") for file in files]
            for packet in _in_order(container, inputs, tracks, began):
                container.mux(packet)
        out.flush()
    except (OSError, av.error.FFmpegError):
        pass  # nobody reads any more, or a track broke off: what was given is what there is
    finally:
        with suppress(BrokenPipeError):
            out.put(None)


def _in_order(
    container: OutputContainer, inputs: Sequence[InputContainer], tracks: Sequence[Track], began: int
) -> Iterator[Packet]:
    """The packets of all tracks by their time."""
    streams = [_packets(container, one, track, track.begin - began) for one, track in zip(inputs, tracks, strict=True)]
    for _, _, packet in heapq.merge(*streams, key=lambda each: (each[0], each[1])):
        yield packet


def _packets(
    container: OutputContainer, source: InputContainer, track: Track, offset: int
) -> Iterator[tuple[int, str, Packet]]:
    """Those of one track, on the clock of the recording."""
    if track.codec == "opus":
        made = container.add_mux_stream("opus", rate=48000, layout="stereo", time_base=_CLOCK)
    else:
        context = source.streams.video[0].codec_context
        width, height = context.width, context.height
        made = container.add_mux_stream("vp8", width=width, height=height, time_base=_CLOCK)
    return _moved(source, made, track.id, offset)


def _moved(source: InputContainer, made: object, track: str, offset: int) -> Iterator[tuple[int, str, Packet]]:
    first: int | None = None
    for packet in source.demux():
        if packet.pts is None or packet.time_base is None:
            continue
        at = round(packet.pts * packet.time_base * 1000)
        first = at if first is None else first
        copy = av.Packet(bytes(packet))
        copy.stream = made  # type: ignore[assignment] # the one that it was made for
        copy.time_base = _CLOCK
        copy.pts = copy.dts = max(0, offset) + at - first
        copy.is_keyframe = packet.is_keyframe
        yield copy.pts, track, copy
