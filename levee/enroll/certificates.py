"""X.509 with the cryptography library: an authority, its certificates, and the list of what it took back."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from levee.enroll.identity import EnrollRefused, Identity, Role, is_address

#: A box whose clock is somewhat behind shall still believe a certificate that was made just now.
BACKDATED = timedelta(days=1)
AUTHORITY_YEARS = 20
_LEAST_RSA_BITS = 2048


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: str = "") -> bytes:
    """PKCS 8 in PEM, encrypted where there is a passphrase."""
    how = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def read_key(pem: bytes, passphrase: str) -> ec.EllipticCurvePrivateKey:
    """The key of an authority; EnrollRefused where it is not one or the passphrase is not its."""
    try:
        key = serialization.load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    except TypeError:
        said = "is not encrypted, but a passphrase is given" if passphrase else "needs its passphrase"
        raise EnrollRefused(f"the authority's key {said}: see LEVEE_AUTHORITY_PASSPHRASE") from None
    except (ValueError, UnsupportedAlgorithm):
        raise EnrollRefused("the authority's key cannot be read: wrong passphrase, or no key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise EnrollRefused("the authority's key is not of the kind that `levee box authority` makes")
    return key


def authority(name: str, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    """The certificate that everybody on the site trusts. It signs parties, and no other authorities."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=365 * AUTHORITY_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def certificate(
    identity: Identity,
    public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    *,
    hosts: Sequence[str],
    now: datetime,
    days: int,
) -> x509.Certificate:
    """A certificate for `identity`. Only a broker's serves, and only the others' connect: none passes for the other."""
    serves = identity.role is Role.BROKER
    end = now + timedelta(days=days)
    if end > ca.not_valid_after_utc:
        raise EnrollRefused(f"the authority itself ends on {ca.not_valid_after_utc:%Y-%m-%d}, within the {days} days")
    usage = ExtendedKeyUsageOID.SERVER_AUTH if serves else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identity.user)]))
        .issuer_name(ca.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )
    if serves:
        names = [
            x509.IPAddress(ipaddress.ip_address(host)) if is_address(host) else x509.DNSName(host) for host in hosts
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def revocations(
    ca: x509.Certificate, key: ec.EllipticCurvePrivateKey, revoked: Iterable[tuple[int, datetime]], now: datetime
) -> x509.CertificateRevocationList:
    """The list of (serial number, when). It is good for as long as the authority: a list that runs out would lock
    everybody out, on the night when nobody thinks of it."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.subject)
        .last_update(now - BACKDATED)
        .next_update(ca.not_valid_after_utc)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for serial, when in revoked:
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when).build()
        builder = builder.add_revoked_certificate(one)
    return builder.sign(key, hashes.SHA256())


def requested(pem: bytes, identity: Identity) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    """The public key of a signing request that was made on the box itself; EnrollRefused where it is not for it."""
    try:
        request = x509.load_pem_x509_csr(pem)
        sound = request.is_signature_valid
        names = [str(one.value) for one in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        public = request.public_key()
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        raise EnrollRefused("this is no signing request in PEM form") from None
    if not sound:
        raise EnrollRefused("the signature of the request is not that of its own key")
    if names != [identity.user]:
        raise EnrollRefused(f"the request is for {', '.join(names) or 'nobody'}, not for CN={identity.user}")
    if isinstance(public, rsa.RSAPublicKey) and public.key_size >= _LEAST_RSA_BITS:
        return public
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.key_size >= ec.SECP256R1().key_size:
        return public
    raise EnrollRefused(f"the key of the request is too weak: an EC key of 256 bits, or RSA of {_LEAST_RSA_BITS}")


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def pem(one: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return one.public_bytes(serialization.Encoding.PEM)


def read_certificate(content: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(content)
    except ValueError:
        raise EnrollRefused("the authority's certificate cannot be read") from None
