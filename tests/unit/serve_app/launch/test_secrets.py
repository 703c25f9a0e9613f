"""Secrets: made by a start, once, for their owner; read by everybody else."""

from pathlib import Path

import pytest

from common.errors import StartupError
from config.settings import Settings
from serve_app.launch.secrets import auth_secret, complete, find_master_keys


def settings_in(data_dir: Path) -> Settings:
    return Settings(data_dir=data_dir, _env_file=None)  # type: ignore[call-arg] # pydantic-settings' own


def test_a_start_makes_them_once_for_their_owner_only(tmp_path: Path) -> None:
    first, second = complete(settings_in(tmp_path / "data")), complete(settings_in(tmp_path / "data"))
    assert (first.auth, first.encryption) == (second.auth, second.encryption)
    assert first.auth.secret is not None
    assert auth_secret(settings_in(tmp_path / "data")) == first.auth.secret.get_secret_value()
    kept = list((tmp_path / "data").iterdir())
    assert sorted(path.name for path in kept) == ["auth.secret", "master.keys"]
    assert [path.stat().st_mode & 0o077 for path in kept] == [0, 0]


def test_readers_make_none(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="CAREWIRE_DATA_DIR"):
        auth_secret(settings_in(tmp_path / "data"))
    with pytest.raises(StartupError, match="CAREWIRE_DATA_DIR"):
        find_master_keys(settings_in(tmp_path / "data"))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("text", ["", "short", "s" * 31])
def test_a_kept_secret_that_is_too_short_is_refused(text: str, tmp_path: Path) -> None:
    """Somebody's own, or what a full disk has left of one."""
    (tmp_path / "auth.secret").write_text(text)
    for use in (auth_secret, complete):
        with pytest.raises(StartupError, match=r"auth\.secret has \d+ bytes, and a secret needs at least 32"):
            use(settings_in(tmp_path))
