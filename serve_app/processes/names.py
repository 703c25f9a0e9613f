"""Names of replicas: `gateway-0`, `gateway-1`, ... A process keeps its own for life, and no other living one has it.

Serve's rank is only where the search begins: Serve hands the rank of a replica that ended to one that runs, and a
successor starts while its predecessor drains.
"""

import os
import socket
from itertools import count
from typing import Final

from common.net.tls import NodeTls
from serve_app.processes.peers import ask_process
from store.mongo.processes import Process, ProcessRegistry

_ANSWER_S: Final = 1.0


async def take_name(
    registry: ProcessRegistry, kind: str, first: int, start: str, tls: NodeTls | None = None, *, prefix: str = ""
) -> str:
    """The first name from number `first` on that is free, or whose holder has died, for this `start` of a process:
    `<kind>-<number>`, or `<prefix>-<number>`.

    Raises:
        PyMongoError: the database does not answer.
    """
    for number in count(first):
        mine = Process(
            name=f"{prefix or kind}-{number}", kind=kind, pid=os.getpid(), node=socket.gethostname(), start=start
        )
        holder = await registry.holder(mine.name)
        if (holder is None or not await _lives(holder, tls)) and await registry.claim(mine, holder):
            return mine.name
    raise AssertionError("unreachable")


async def _lives(holder: Process, tls: NodeTls | None) -> bool:
    """Does it answer, or has it only just begun? (Who dies while it begins keeps its name until it is forgotten.)"""
    if not holder.address:
        return True
    try:
        await ask_process(holder, "stats", _ANSWER_S, tls)
    except OSError:
        return False
    return True
