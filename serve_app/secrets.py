"""Secrets that are made on first use, so that Carewire runs before anybody has configured one."""

import os
import secrets
from pathlib import Path
from typing import Final

from config.errors import StartupError
from config.settings import Settings

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
