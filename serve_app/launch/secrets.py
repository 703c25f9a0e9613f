"""Secrets that are made on first use, so that Carewire runs before anybody has configured one."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from common.errors import StartupError
from config.settings import Settings
from config.values import check_secret
from store.crypto.masterkeys import FILE_NAME, load_master_keys

AUTH_FILE: Final = "auth.secret"
RAY_FILE: Final = "ray.token"


def auth_secret(settings: Settings) -> str | None:
    """The HS256 secret in force: that of the settings, else the one that a start has left in the data directory. Reads
    only: a secret made here would be nobody else's. None when another issuer signs (`auth.jwks_url`).

    Raises:
        StartupError: there is none, it cannot be read, or it is too short to be safe.
    """
    path = settings.data_dir / AUTH_FILE
    if settings.auth.secret is None and settings.auth.jwks_url is None and not path.exists():
        raise StartupError(_nothing_here(settings.data_dir))
    return _auth_secret(settings)


def _nothing_here(data_dir: Path) -> str:
    return (
        f"No Carewire has been started in {data_dir.absolute()}, so there is no secret to sign with: "
        "name the data directory of the one that runs (--data-dir or CAREWIRE_DATA_DIR), or set CAREWIRE_AUTH__SECRET."
    )


def _auth_secret(settings: Settings) -> str | None:
    if settings.auth.secret is not None:
        return settings.auth.secret.get_secret_value()
    if settings.auth.jwks_url is not None:
        return None
    path = settings.data_dir / AUTH_FILE
    try:
        return check_secret(kept_secret(path))
    except ValueError as error:
        raise StartupError(f"{path} {error}; every token signed with the old one is void then.") from None


def complete(settings: Settings) -> Settings:
    """The settings with every secret in them, made here if this is the first start: what the other processes are
    handed, wherever they run.

    Raises:
        StartupError: a secret cannot be read, or is not one.
    """
    update: dict[str, object] = {}
    load_master_keys(settings.encryption, settings.data_dir)
    if settings.encryption.master_keys is None:
        keys = SecretStr((settings.data_dir / FILE_NAME).read_text())
        update["encryption"] = settings.encryption.model_copy(update={"master_keys": keys})
    if settings.auth.secret is None and (secret := _auth_secret(settings)) is not None:
        update["auth"] = settings.auth.model_copy(update={"secret": SecretStr(secret)})
    return settings.model_copy(update=update)


def find_master_keys(settings: Settings) -> None:
    """For commands that read what is encrypted: keys made now would open nothing, and be in the way of the right ones.

    Raises:
        StartupError: there are none.
    """
    path = settings.data_dir / FILE_NAME
    if settings.encryption.master_keys is None and not path.exists():
        raise StartupError(
            f"{path.absolute()} is not there: name the data directory of the Carewire that you mean (--data-dir or "
            "CAREWIRE_DATA_DIR), or set CAREWIRE_ENCRYPTION__MASTER_KEYS to its keys."
        )


def with_mongo_url(settings: Settings, url: str) -> Settings:
    """The same settings with this database."""
    return settings.model_copy(update={"mongo": settings.mongo.model_copy(update={"url": SecretStr(url)})})


def kept_secret(path: Path) -> str:
    """The secret in this file; 256 random bits are put there first if it does not exist.

    Raises:
        StartupError: it cannot be read or made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _create(path)
        return path.read_text().strip()
    except OSError as error:
        raise StartupError(f"{path} cannot be read or written ({error.strerror}): correct its owner.") from None


def _create(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)  # never replaces: of two processes that do this at once, one wins for both
    finally:
        draft.unlink()
