"""Certificates of an installation's own authority, made for a test."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from common.net.tls import NodeTls, mutual_tls

_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class NodeFiles:
    """What a node has."""

    cert: Path
    key: Path
    ca: Path

    def tls(self) -> NodeTls:
        return mutual_tls(self.cert, self.key, self.ca)


def make_node(folder: Path) -> NodeFiles:
    """A node of an installation whose authority is made for it."""
    folder.mkdir(exist_ok=True)
    authority_key, node_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    files = NodeFiles(folder / "node.pem", folder / "node.key", folder / "ca.pem")
    files.ca.write_bytes(_signed("authority", authority_key, authority_key).public_bytes(_PEM))
    files.cert.write_bytes(_signed("node", node_key, authority_key).public_bytes(_PEM))
    private = node_key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files.key.write_bytes(private)
    return files


def _signed(name: str, key: ec.EllipticCurvePrivateKey, authority: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    now = datetime.now(UTC)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=key is authority, path_length=None), critical=True)
        .add_extension(issuer, critical=False)
        .sign(authority, hashes.SHA256())
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
