"""What stands in the place of python-socketio's and python-engineio's classes has all that they offer, to be called
and to be used as they are."""

# mypy: disable-error-code="untyped-decorator"

import inspect
from typing import Any

import engineio
import pytest
import socketio
from engineio.async_socket import AsyncSocket

from realtime.socketio import AsyncServer, EngineServer, Manager, Socket

PAIRS = [
    (AsyncServer, socketio.AsyncServer),
    (EngineServer, engineio.AsyncServer),
    (Manager, socketio.AsyncManager),
    (Socket, AsyncSocket),
]
INNER = {  # what python-engineio's server asks of its own sockets, which ours does in other ways
    (Socket, "check_ping_timeout"),
    (Socket, "handle_get_request"),
    (Socket, "handle_post_request"),
    (Socket, "poll"),
    (Socket, "receive"),
    (Socket, "schedule_ping"),
    (Socket, "upgrade_protocols"),
}


def offered(kind: type) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_")]


SURFACE = [
    pytest.param(ours, theirs, name, id=f"{ours.__name__}.{name}")
    for ours, theirs in PAIRS
    for name in offered(theirs)
    if (ours, name) not in INNER
]


def test_there_is_something_to_compare() -> None:
    assert {"event", "on", "instrument", "session", "save_session", "enter_room", "call"} <= set(
        offered(socketio.AsyncServer)
    )
    assert len(SURFACE) > 70


@pytest.mark.parametrize(("ours", "theirs", "name"), SURFACE)
def test_it_is_there_and_is_called_the_same(ours: type, theirs: type, name: str) -> None:
    mine, stock = inspect.getattr_static(ours, name), inspect.getattr_static(theirs, name)
    if mine is stock:
        return
    if not inspect.isroutine(stock):
        assert type(mine) is type(stock)
        return
    assert type(mine) is type(stock)
    mine, stock = getattr(ours, name), getattr(theirs, name)
    assert inspect.iscoroutinefunction(mine) == inspect.iscoroutinefunction(stock)
    takes_all_that(mine, stock)


def takes_all_that(mine: Any, stock: Any) -> None:
    """Whatever `stock` can be called with, `mine` can: the same names in the same places with the same defaults."""
    mine_has = inspect.signature(mine).parameters
    given = inspect.signature(stock).parameters.values()
    if [parameter.kind for parameter in given][1:] == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]:
        return  # handed through to the driver of a framework, which is aiohttp here
    places = [parameter.name for parameter in mine_has.values() if parameter.kind is not inspect.Parameter.KEYWORD_ONLY]
    for place, parameter in enumerate(given):
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            assert any(one.kind is inspect.Parameter.VAR_KEYWORD for one in mine_has.values())
            continue
        assert places[place] == parameter.name
        assert mine_has[parameter.name].default == parameter.default
    more = [one for one in mine_has.values() if one.name not in {parameter.name for parameter in given}]
    required = [
        one.name for one in more if one.default is one.empty and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    ]
    assert not required


@pytest.mark.parametrize(("ours", "theirs"), PAIRS[:3], ids=lambda kind: kind.__name__)
def test_instances_have_the_attributes_of_theirs(ours: Any, theirs: Any) -> None:
    options = {} if theirs is socketio.AsyncManager else {"async_mode": "aiohttp"}
    stock, mine = theirs(**options), ours(**options)
    missing = [name for name in vars(stock) if not name.startswith("_") and not hasattr(mine, name)]
    assert not missing
    for name, value in vars(stock).items():
        if isinstance(value, bool | int | float | str) and name != "start_service_task":
            assert getattr(mine, name) == value, name


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda kind: kind.__name__)
def test_nothing_of_ours_hides_what_theirs_keep_to_themselves(ours: type, theirs: type) -> None:
    """What we add has names that they have not, unless it overrides on purpose."""
    added = {name for name in vars(ours) if not name.startswith("__")}
    private = {name for name in dir(theirs) if name.startswith("_") and not name.startswith("__")}
    for name in added & private:
        assert inspect.iscoroutinefunction(getattr(ours, name)) == inspect.iscoroutinefunction(getattr(theirs, name))
        takes_all_that(getattr(ours, name), getattr(theirs, name))


def test_the_commonest_call_of_all_is_a_decorator() -> None:
    sio = AsyncServer(async_mode="aiohttp")

    @sio.event
    async def connect(sid: str, environ: Any, auth: Any) -> None: ...

    @sio.event(namespace="/chat")
    def message(sid: str, data: Any) -> None: ...

    assert sio.handlers == {"/": {"connect": connect}, "/chat": {"message": message}}
