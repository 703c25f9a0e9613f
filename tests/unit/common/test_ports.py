"""The range of ports for processes of ours: how it is written, and how one of it is found."""

import pytest

from common.net.ports import PortRange, port_range
from config.settings import ClusterSettings, HttpSettings, KernelSettings, Settings


@pytest.mark.parametrize("text", ["20000", "20000-", "80-90", "20010-20000", "20000-70000", "a-b", "20000-20001-20002"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="20000-20999"):
        ClusterSettings(ports=text)


def test_a_range_has_both_its_ends() -> None:
    ports = port_range("20000 - 20003")
    assert (len(ports), 20_000 in ports, 20_003 in ports, 20_004 in ports) == (4, True, True, False)
    assert list(ports.beginning_at(6)) == [20_002, 20_003, 20_000, 20_001]
    assert ClusterSettings().port_range is None


def test_a_range_with_another_port_in_it_or_with_too_few_is_refused() -> None:
    cluster = ClusterSettings(ports="20000-20022")
    assert Settings(cluster=cluster).cluster.port_range == PortRange(20_000, 20_022)
    with pytest.raises(ValueError, match=r"must not contain http\.port"):
        Settings(cluster=cluster, http=HttpSettings(port=20_022))
    with pytest.raises(ValueError, match="must be 54 ports or more"):
        Settings(cluster=cluster, kernel=KernelSettings(room_shards=33))
