"""The id of a session tells those who share the secret where its gateway is, and nobody else."""

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.relay.names import GatewayAddress, GatewayNames

NAMES = GatewayNames(b"a secret")
HOME = GatewayAddress("10.1.2.3", 40_001)


@settings(deadline=None)
@given(host=st.ip_addresses().map(str), port=st.integers(0, 65_535), session=st.text())
def test_whatever_is_sealed_is_found_again_by_those_who_share_the_secret(host: str, port: int, session: str) -> None:
    sid = GatewayNames.join(NAMES.seal(GatewayAddress(host, port)), session)
    assert GatewayNames(b"a secret").owner(sid) == GatewayAddress(host, port)
    assert GatewayNames(b"another").owner(sid) is None


def test_a_name_shows_nothing_and_needs_no_escaping() -> None:
    name = NAMES.seal(HOME)
    assert re.fullmatch(r"[A-Za-z0-9_-]{30}", name)
    decoded = base64.urlsafe_b64decode(name + "==")
    assert bytes([10, 1, 2, 3]) not in decoded
    assert HOME.port.to_bytes(2, "big") not in decoded


@settings(deadline=None)
@given(st.text() | st.text("ABCabc0129-_.", max_size=80))
def test_whatever_a_client_makes_up_names_nobody(sid: str) -> None:
    assert NAMES.owner(sid) is None


def test_one_changed_character_makes_it_nobodys() -> None:
    name = NAMES.seal(HOME)
    for place in range(len(name) - 1):  # the last one has bits that mean nothing
        changed = name[:place] + ("A" if name[place] != "A" else "B") + name[place + 1 :]
        assert NAMES.owner(f"{changed}.x") is None
    assert NAMES.owner(f"{name}.x") == HOME
    assert NAMES.owner(name) is None


def test_a_host_name_is_no_address() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        NAMES.seal(GatewayAddress("gateway.internal", 1))
