"""TLS between processes: both ends show a certificate of the installation's own authority."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from common.errors import StartupError


@dataclass(frozen=True, slots=True)
class NodeTls:
    """The contexts of a process, as the one who listens and as the one who calls."""

    listener: ssl.SSLContext
    caller: ssl.SSLContext


def mutual_tls(cert: Path, key: Path, ca: Path) -> NodeTls:
    """Contexts that show `cert` and accept whatever `ca` has signed; TLS 1.3 only.

    Addresses of nodes come and go, so names in certificates are not compared: the authority signs for this installation
    and nobody else.

    Raises:
        StartupError: one of the files cannot be read, or they do not belong together.
    """
    return NodeTls(
        listener=_context(ssl.PROTOCOL_TLS_SERVER, cert, key, ca),
        caller=_context(ssl.PROTOCOL_TLS_CLIENT, cert, key, ca),
    )


def _context(protocol: int, cert: Path, key: Path, ca: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(cert, key, password=_no_password)
        context.load_verify_locations(ca)
    except (OSError, ValueError) as error:  # `ssl.SSLError` is an `OSError`
        raise StartupError(
            "TLS between nodes cannot be set up: CAREWIRE_CLUSTER__TLS_CERT, CAREWIRE_CLUSTER__TLS_KEY and "
            f"CAREWIRE_CLUSTER__TLS_CA must name PEM files that belong together and need no password ({error})."
        ) from None
    return context


def _no_password() -> str:
    """Instead of asking for one at the terminal."""
    return ""
