"""Long polling: how much one answer holds.

python-engineio's clients drop a connection whose poll is answered with more than 16 packets, and come back to a backlog
that is longer still. JavaScript's take any number. So nobody is sent more at once; the next poll follows immediately.
"""

import asyncio
from functools import partial
from typing import Any, Final

from engineio.exceptions import QueueEmpty

MAX_PACKETS: Final = 16  # engineio.payload.Payload.max_decode_packets, as clients have it


def bound(socket: Any) -> None:
    """Let python-engineio's socket take no more than `MAX_PACKETS` out of its queue at once."""
    socket.poll = partial(_poll, socket)


async def _poll(socket: Any) -> list[Any]:
    """As `AsyncSocket.poll`: wait for a packet, then take what else is there. Empty: the queue has ended.

    Raises:
        QueueEmpty: nothing came for so long that the client must be gone.
    """
    queue, server = socket.queue, socket.server
    try:
        packets = [await asyncio.wait_for(queue.get(), server.ping_interval + server.ping_timeout)]
    except (TimeoutError, asyncio.CancelledError):
        raise QueueEmpty from None
    queue.task_done()
    if packets == [None]:
        return []
    while len(packets) < MAX_PACKETS and not queue.empty():
        packet = queue.get_nowait()
        queue.task_done()
        if packet is None:
            queue.put_nowait(None)  # for the next one, who then ends
            break
        packets.append(packet)
    return packets
