"""What we use of python-engineio's and python-socketio's private parts is in two files, and is there as they expect it:
a release that changes one of them fails here by name."""

import ast
import inspect
from importlib.metadata import version
from pathlib import Path
from typing import Any

import engineio
import pytest
import socketio

from realtime.front.front_server import FrontServer
from realtime.front.namespace import Namespace
from realtime.socketio import AsyncServer, EngineServer, Manager

ENGINE, SOCKET = "realtime/engineio/library.py", "realtime/socketio/library.py"
HOUSE = Path(__file__).parents[3]
USED = [
    (engineio.AsyncServer, "_bad_request", ("message",), ENGINE),
    (engineio.AsyncServer, "_cors_allowed_origins", ("environ",), ENGINE),
    (engineio.AsyncServer, "_cors_headers", ("environ",), ENGINE),
    (engineio.AsyncServer, "_generate_sid_cookie", ("sid", "attributes"), ENGINE),
    (engineio.AsyncServer, "_get_socket", ("sid",), ENGINE),
    (engineio.AsyncServer, "_log_error_once", ("message", "message_key"), ENGINE),
    (engineio.AsyncServer, "_ok", ("packets", "headers", "jsonp_index"), ENGINE),
    (engineio.AsyncServer, "_trigger_event", ("event", "args", "kwargs"), ENGINE),
    (engineio.AsyncServer, "_unauthorized", ("message",), ENGINE),
    (socketio.AsyncServer, "_engineio_server_class", (), SOCKET),
    (socketio.AsyncServer, "_get_event_handler", ("event", "namespace", "args"), SOCKET),
    (socketio.AsyncServer, "_get_namespace_handler", ("namespace", "args"), SOCKET),
    (socketio.AsyncServer, "_handle_connect", ("eio_sid", "namespace", "data"), SOCKET),
    (socketio.AsyncServer, "_handle_disconnect", ("eio_sid", "namespace", "reason"), SOCKET),
    (socketio.AsyncServer, "_handle_eio_connect", ("eio_sid", "environ"), SOCKET),
    (socketio.AsyncServer, "_send_eio_packet", ("eio_sid", "eio_pkt"), SOCKET),
    (socketio.AsyncServer, "_send_packet", ("eio_sid", "pkt"), SOCKET),
    (socketio.AsyncServer, "_trigger_event", ("event", "namespace", "args"), SOCKET),
    (socketio.AsyncManager, "_generate_ack_id", ("sid", "callback"), SOCKET),
]
OURS = (EngineServer, AsyncServer, Manager, FrontServer, Namespace)
THEIRS = (engineio.AsyncServer, socketio.AsyncServer, socketio.AsyncManager, socketio.AsyncNamespace)


def private(kind: type) -> set[str]:
    return {name for name in dir(kind) if name.startswith("_") and not name.startswith("__")}


@pytest.mark.parametrize(("kind", "name", "parameters", "file"), USED, ids=lambda value: str(value).split(".")[-1])
def test_what_is_used_of_a_library_is_there(kind: Any, name: str, parameters: tuple[str, ...], file: str) -> None:
    release = f"{kind.__module__.split('.')[0]} {version('python-' + kind.__module__.split('.')[0])}"
    found = getattr(kind, name, None)
    assert found is not None, f"{release} has no {kind.__name__}.{name} any more: follow it in {file}"
    takes = tuple(inspect.signature(found).parameters)[1:]
    assert takes == parameters, f"{release}: {kind.__name__}.{name} takes {takes}: follow it in {file}"


def test_attachments_to_come_are_kept_where_they_were() -> None:
    assert AsyncServer(logger=False).unfinished == {}


def test_the_list_is_whole() -> None:
    listed = {(file, name) for _, name, _, file in USED} | {(SOCKET, "_binary_packet")}
    theirs = set().union(*map(private, THEIRS)) | {"_binary_packet"}
    for file in (ENGINE, SOCKET):
        tree = ast.parse((HOUSE / file).read_text())
        named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        named |= {node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)}
        assert {(file, name) for name in named & theirs} == {(where, name) for where, name in listed if where == file}


@pytest.mark.parametrize("ours", OURS, ids=lambda kind: kind.__name__)
def test_nothing_private_of_a_library_is_used_or_replaced_elsewhere(ours: type) -> None:
    for kind in ours.__mro__:
        if not kind.__module__.startswith("realtime.") or kind.__module__.endswith(".library"):
            continue
        theirs = set().union(*map(private, {*kind.__mro__} & {*THEIRS}))
        tree = ast.parse(inspect.getsource(kind))
        named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not (named | set(vars(kind))) & (theirs | {"_binary_packet"}), kind


def test_nor_from_outside() -> None:
    theirs = set().union(*map(private, THEIRS)) | {"_binary_packet"}
    for path in sorted((HOUSE / "realtime").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in theirs:
                own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
                library = path.name == "library.py"
                assert own or library, f"{path.relative_to(HOUSE)}:{node.lineno} uses {node.attr}"
