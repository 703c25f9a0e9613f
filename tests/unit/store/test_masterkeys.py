import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from common.errors import StartupError
from config.settings import EncryptionSettings
from store.crypto.masterkeys import FILE_NAME, MasterKeys, load_master_keys

ONE, TWO = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


def test_the_first_key_wraps_and_all_of_them_unwrap() -> None:
    old, both = MasterKeys.parse(f"one:{ONE}", "test"), MasterKeys.parse(f" two:{TWO} ,\none:{ONE},", "test")
    assert both.newest == "two"
    assert both.unwrap("one", old.wrap(b"key", b"aad"), b"aad") == b"key"
    with pytest.raises(ValueError, match="'two'"):
        both.unwrap("two", old.wrap(b"key", b"aad"), b"aad")
    with pytest.raises(ValueError, match="'one'"):
        both.unwrap("one", old.wrap(b"key", b"aad"), b"somebody else's")
    with pytest.raises(LookupError):
        old.unwrap("two", both.wrap(b"key", b"aad"), b"aad")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no master key"),
        (" , \n", "there is no master key"),
        (ONE, "no proper id"),
        (f":{ONE}", "no proper id"),
        (f"an id:{ONE}", "no proper id"),
        ("one:", "'one' has 0 bytes"),
        ("one:?", "'one' is not base64"),
        ("one:" + ONE[:-4], "'one' has"),
        (f"one:{ONE},one:{TWO}", "'one' is there twice"),
        (f"one:{ONE};two:{TWO}", "'one' is not base64"),
    ],
)
def test_a_malformed_key_is_named_in_one_line_and_never_shown(text: str, says: str) -> None:
    with pytest.raises(StartupError, match=says) as caught:
        MasterKeys.parse(text, "SOURCE")
    assert str(caught.value).startswith("SOURCE: ")
    assert "\n" not in str(caught.value)
    assert ONE[:20] not in str(caught.value)


def test_keys_of_the_settings_come_before_the_file(tmp_path: Path) -> None:
    settings = EncryptionSettings(master_keys=SecretStr(f"one:{ONE}"))
    assert load_master_keys(settings, tmp_path / "data").newest == "one"
    assert not (tmp_path / "data").exists()
    with pytest.raises(StartupError, match="CAREWIRE_ENCRYPTION__MASTER_KEYS"):
        load_master_keys(EncryptionSettings(master_keys=SecretStr("nonsense" * 4)), tmp_path)


def test_the_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = load_master_keys(EncryptionSettings(), tmp_path / "new")
    path = tmp_path / "new" / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second = load_master_keys(EncryptionSettings(), tmp_path / "new")
    assert second.unwrap(first.newest, first.wrap(b"key", b""), b"") == b"key"
    assert list(path.parent.iterdir()) == [path]


def test_of_many_that_make_the_file_at_once_all_get_the_same_key(tmp_path: Path) -> None:
    for number in range(20):
        directory = tmp_path / str(number)
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda _, d=directory: load_master_keys(EncryptionSettings(), d), range(8)))
        assert len({keys.newest for keys in made}) == 1
        assert made[0].unwrap(made[1].newest, made[1].wrap(b"key", b""), b"") == b"key"
        assert list(directory.iterdir()) == [directory / FILE_NAME]


def test_a_file_that_others_can_read_or_that_is_no_key_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(f"one:{ONE}\n")
    path.chmod(0o644)
    with pytest.raises(StartupError, match="chmod 600"):
        load_master_keys(EncryptionSettings(), tmp_path)
    path.chmod(0o600)
    assert load_master_keys(EncryptionSettings(), tmp_path).newest == "one"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(StartupError, match="is not a file of master keys"):
        load_master_keys(EncryptionSettings(), tmp_path)
    path.unlink()
    path.mkdir(mode=0o700)
    with pytest.raises(StartupError, match="cannot be read"):
        load_master_keys(EncryptionSettings(), tmp_path)
