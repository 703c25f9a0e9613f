"""The machine is looked at before anything is started."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.errors import StartupError
from config.settings import ClusterSettings, GatewaySettings, HttpSettings, MongoSettings, RaySettings, Settings
from serve_app.launch.preflight import (
    WantedPort,
    check_cores,
    check_data_dir,
    check_disk,
    check_machine,
    check_memory,
    check_ports,
    find_data_dir,
    free_memory_mb,
    listeners,
)

pytestmark = pytest.mark.allows("sockets", reason="whether this machine lets us listen is what is asked")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_named_with_its_user_and_its_setting(taken: int) -> None:
    with pytest.raises(StartupError, match=rf"Port {taken}, .*pid {os.getpid()}.*CAREWIRE_HTTP__PORT"):
        check_ports([WantedPort("the REST API", "127.0.0.1", taken, "CAREWIRE_HTTP__PORT")])


def test_a_free_port_passes(taken: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    check_ports([WantedPort("the REST API", "127.0.0.1", free, "CAREWIRE_HTTP__PORT")])
    assert free != taken


def test_two_settings_with_one_port_are_refused() -> None:
    settings = Settings(http=HttpSettings(port=8001), _env_file=None)  # type: ignore[call-arg] # pydantic-settings' own
    with pytest.raises(StartupError, match="CAREWIRE_HTTP__PORT and CAREWIRE_GATEWAY__PORT are both 8001"):
        check_ports(list(listeners(settings)))


def test_a_foreign_address_is_refused() -> None:
    with pytest.raises(StartupError, match="CAREWIRE_HTTP__HOST"):
        check_ports([WantedPort("the REST API", "203.0.113.7", 8000, "CAREWIRE_HTTP__PORT")])


def test_an_address_that_no_resolver_takes_is_refused() -> None:
    with pytest.raises(StartupError, match="CAREWIRE_HTTP__HOST"):
        check_ports([WantedPort("the REST API", "a..b", 8000, "CAREWIRE_HTTP__PORT")])


def test_a_predictor_that_no_node_could_take_is_refused() -> None:
    check_cores(num_cpus=2.0, cores=2)
    with pytest.raises(StartupError, match=r"3 cores and this machine has 2: lower CAREWIRE_ML__NUM_CPUS"):
        check_cores(num_cpus=3.0, cores=2)


def test_a_malformed_database_url_is_found_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = one.getsockname()[1], other.getsockname()[1]
    settings = Settings(
        http=HttpSettings(port=ports[0]),
        gateway=GatewaySettings(port=ports[1]),
        mongo=MongoSettings(url="mongodb://host:99999/"),  # type: ignore[arg-type] # pydantic makes the secret
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings' own
    )
    with pytest.raises(StartupError, match="CAREWIRE_MONGO__URL is not a MongoDB URL"):
        check_machine(settings)


def test_certificates_that_cannot_be_read_are_found_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = one.getsockname()[1], other.getsockname()[1]
    missing = tmp_path / "missing.pem"
    settings = Settings(
        http=HttpSettings(port=ports[0]),
        gateway=GatewaySettings(port=ports[1]),
        cluster=ClusterSettings(tls_cert=missing, tls_key=missing, tls_ca=missing),
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings' own
    )
    with pytest.raises(StartupError, match="CAREWIRE_CLUSTER__TLS_CERT"):
        check_machine(settings)


def test_readers_find_a_database_or_say_where_to_look(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", _env_file=None)  # type: ignore[call-arg] # pydantic-settings' own
    with pytest.raises(StartupError, match="CAREWIRE_DATA_DIR"):
        find_data_dir(settings)
    assert not settings.data_dir.exists()
    (settings.data_dir / "mongo").mkdir(parents=True)
    find_data_dir(settings)


def test_what_is_not_started_here_needs_no_port_here() -> None:
    settings = Settings(
        mongo=MongoSettings(url="mongodb://db/"),  # type: ignore[arg-type] # pydantic makes the secret
        ray=RaySettings(address="10.0.0.1:6379"),
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings' own
    )
    assert [listener.setting for listener in listeners(settings)] == ["CAREWIRE_HTTP__PORT", "CAREWIRE_GATEWAY__PORT"]


def test_too_little_memory_is_refused_with_both_figures() -> None:
    check_memory(needed_mb=1000, free_mb=1000)
    with pytest.raises(StartupError, match=r"Only 999 MB .* wants 1000 MB: .*CAREWIRE_MIN_FREE_MEMORY_MB"):
        check_memory(needed_mb=1000, free_mb=999)


def test_a_disk_that_is_full_is_refused_with_both_figures(tmp_path: Path) -> None:
    check_disk(needed_mb=50, free_mb=50, path=tmp_path)
    with pytest.raises(StartupError, match=r"Only 49 MB .* wants 50 MB: .*CAREWIRE_MIN_FREE_DISK_MB"):
        check_disk(needed_mb=50, free_mb=49, path=tmp_path)


def test_free_memory_is_a_plausible_figure() -> None:
    assert 0 < free_memory_mb() < 2**30


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartupError, match="CAREWIRE_DATA_DIR"):
        check_data_dir(tmp_path / "file" / "data")


def test_a_data_directory_is_made_for_its_owner_only(tmp_path: Path) -> None:
    check_data_dir(tmp_path / "new" / "data")
    assert (tmp_path / "new" / "data").stat().st_mode & 0o077 == 0
