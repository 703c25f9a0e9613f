"""Master keys: they wrap people's data keys, and nothing else. They come from the settings, or from a file."""

import base64
import binascii
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.errors import StartupError
from config.settings import EncryptionSettings

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
FILE_NAME: Final = "master.keys"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_HOW: Final = "write it as `id:base64 of 32 bytes`, comma-separated, newest first (`openssl rand -base64 32` makes one)"


class MasterKeys:
    """A few AES-256 keys with ids. The newest wraps; any of them unwraps what it once wrapped."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """`keys` by id, the newest first; at least one, of 32 bytes each."""
        self._ciphers = {id_: AESGCM(key) for id_, key in keys.items()}
        self.newest = next(iter(keys))

    @classmethod
    def generate(cls) -> Self:
        """One key that lives in this process only."""
        return cls({"generated": secrets.token_bytes(KEY_BYTES)})

    @classmethod
    def parse(cls, text: str, source: str) -> Self:
        """From the form that the settings and the file have.

        Raises:
            StartupError: it is malformed; names `source` and the id at fault, never a key.
        """
        keys: dict[str, bytes] = {}
        for part in filter(None, (part.strip() for part in re.split(r"[,\n]", text))):
            id_, _, encoded = part.partition(":")
            if not _ID.fullmatch(id_):
                raise StartupError(f"{source}: a master key has no proper id; {_HOW}.")
            if id_ in keys:
                raise StartupError(f"{source}: the master key id {id_!r} is there twice.")
            try:
                keys[id_] = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                raise StartupError(f"{source}: the master key {id_!r} is not base64; {_HOW}.") from None
            if len(keys[id_]) != KEY_BYTES:
                raise StartupError(f"{source}: the master key {id_!r} has {len(keys[id_])} bytes, not 32; {_HOW}.")
        if not keys:
            raise StartupError(f"{source}: there is no master key in it; {_HOW}.")
        return cls(keys)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._ciphers

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """`key` under the newest master key: nonce, then ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ciphers[self.newest].encrypt(nonce, key, aad)

    def unwrap(self, id_: str, wrapped: bytes, aad: bytes) -> bytes:
        """The inverse of `wrap`, under the master key `id_`.

        Raises:
            LookupError: there is no such master key.
            ValueError: it is not the one that wrapped this.
        """
        try:
            return self._ciphers[id_].decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], aad)
        except InvalidTag:
            raise ValueError(f"the master key {id_!r} does not unwrap this") from None


def load_master_keys(settings: EncryptionSettings, data_dir: Path) -> MasterKeys:
    """The keys of the settings; without any, those in the data directory, made on first use. Blocking, and brief.

    Raises:
        StartupError: malformed, or the file cannot be read, or others can read it too.
    """
    if settings.master_keys is not None:
        return MasterKeys.parse(settings.master_keys.get_secret_value(), "CAREWIRE_ENCRYPTION__MASTER_KEYS")
    path = data_dir / FILE_NAME
    try:
        if not path.exists():
            _create(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise StartupError(f"{path} can be read by others; `chmod 600 {path}` (and consider a new key).")
        return MasterKeys.parse(path.read_text(), str(path))
    except OSError as exc:
        raise StartupError(f"The master keys in {path} cannot be read or written: {exc.strerror}.") from exc
    except UnicodeDecodeError:
        raise StartupError(f"{path} is not a file of master keys; {_HOW}.") from None


def _create(path: Path) -> None:
    """Make the file with one new key; if another process does so at the same moment, its file stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = f"k{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename, it never replaces
        except FileExistsError:
            return
    finally:
        draft.unlink()
