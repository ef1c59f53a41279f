"""The bus over TLS: with the right authority it works, with none it does not."""

import datetime
import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.runtime.bus import Bus, BusUnavailable
from shared.runtime.link import Address
from shared.runtime.nats_server import NatsServer


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nats")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "nats.pem", folder / "nats.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


async def test_the_bus_speaks_tls_to_a_server_it_can_verify(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    with NatsServer(tmp_path, more=f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}') as server:
        bus = await Bus.connect(Address(urls=(server.url,), ca=str(certificate)), wait_s=5)
        assert await bus.round_trip_s() is not None
        await bus.close()
        with pytest.raises(BusUnavailable, match=r"(?i)certificate"):
            await Bus.connect(Address(urls=(server.url,)), wait_s=1)
        with pytest.raises(BusUnavailable, match="No such file"):
            await Bus.connect(Address(urls=(server.url,), ca=str(tmp_path / "missing.pem")), wait_s=1)
