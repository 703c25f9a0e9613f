"""Secrets that are made on first use, so that Carewire runs before anybody has configured one."""

import os
import secrets
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from config.errors import StartupError
from config.settings import Settings
from store.masterkeys import FILE_NAME, load_master_keys

AUTH_FILE: Final = "auth.secret"
RAY_FILE: Final = "ray.token"


def auth_secret(settings: Settings) -> str | None:
    """The HS256 secret in force: that of the settings, else the one in the data directory, made on first use.
    None when another issuer signs (`auth.jwks_url`).

    Raises:
        StartupError: it cannot be read or made, or is too short to be safe.
    """
    if settings.auth.secret is not None:
        return settings.auth.secret.get_secret_value()
    if settings.auth.jwks_url is not None:
        return None
    return kept_secret(settings.data_dir / AUTH_FILE)


def complete(settings: Settings) -> Settings:
    """The settings with every secret in them that is made on first use: what the other processes are handed, wherever
    they run.

    Raises:
        StartupError: a secret cannot be read, or is not one.
    """
    update: dict[str, object] = {}
    load_master_keys(settings.encryption, settings.data_dir)
    if settings.encryption.master_keys is None:
        keys = SecretStr((settings.data_dir / FILE_NAME).read_text())
        update["encryption"] = settings.encryption.model_copy(update={"master_keys": keys})
    if settings.auth.secret is None and (secret := auth_secret(settings)) is not None:
        update["auth"] = settings.auth.model_copy(update={"secret": SecretStr(secret)})
    return settings.model_copy(update=update)


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
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    try:
        os.link(draft, path)  # never replaces: of two processes that do this at once, one wins for both
    except FileExistsError:
        pass
    finally:
        draft.unlink()
