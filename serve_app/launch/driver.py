"""The process that starts Ray and deploys Carewire on it: the child of `carewire up`.

A process of its own, because Ray takes its driver down with it when it breaks, and because starting Ray blocks: so the
supervisor stays able to answer Ctrl-C, to look after mongod, and to start this one again. They talk over two pipes:
the supervisor sends `SupervisorOrder`s to stdin, and reads `DriverReport`s from the descriptor named in the arguments,
before its pid.
"""

import os
import sys
import threading

from common.errors import StartupError
from common.logs import configure_logging, tell_faults
from config.settings import Settings
from serve_app.launch.orders import DriverReport, Orders, SupervisorOrder
from serve_app.launch.processtree import end_with_parent


def main() -> int:
    """Start, say so, wait for the end of the orders, stop."""
    end_with_parent(int(sys.argv[2]))
    orders = Orders(sys.stdin.buffer, os.fdopen(int(sys.argv[1]), "wb"))
    first = orders.next()
    if first is None:
        return 0
    configure_logging(first.settings.log.level, "json", process="driver")
    tell_faults(first.settings.log.faults_to, "driver")
    try:
        _run(first, orders)
    except StartupError as error:
        orders.report(DriverReport("failed", str(error)))
        return 2
    return 0


def _run(first: SupervisorOrder, orders: Orders) -> None:
    from serve_app.launch import rayhead

    rayhead.prepare_environment(first.settings)
    import ray  # noqa: F401 - first, so that the two threads do not meet in the middle of it

    # What is deployed takes a second to import; Ray's start mostly waits for other processes.
    importing = threading.Thread(target=_import_graph)
    importing.start()
    rayhead.start(first.settings, first.scratch)
    rayhead.refuse_many_nodes(first.settings)
    importing.join()
    stopping = rayhead.end_with_node(first.scratch)
    orders.report(DriverReport("ray"))
    second = orders.next()
    if second is not None:
        _deploy(second.settings, orders)
    stopping.set()
    rayhead.stop()


def _import_graph() -> None:
    import serve_app.launch.deploy  # noqa: F401


def _deploy(settings: Settings, orders: Orders) -> None:
    from serve_app.launch import deploy

    deploy.deploy(settings, lambda line: orders.report(DriverReport("waiting", line)))
    orders.report(DriverReport("ready"))
    orders.next()
    deploy.undeploy(settings)


if __name__ == "__main__":
    sys.exit(main())
