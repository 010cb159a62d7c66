"""A site's authority on disk: who was let in, and the files that the broker reads to know it.

`ca.key` signs and never leaves its machine; `ca.crt` goes to everybody; `crl.pem` and `acl.conf` go to the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from levee.enroll import certificates, register
from levee.enroll.acl import acl
from levee.enroll.identity import EnrollRefused, Identity
from levee.enroll.keeping import held, replace_file
from levee.enroll.register import Entry, Register

DAYS = 730
#: A certificate that is near its end is worth a word.
SOON = timedelta(days=30)


@dataclass(frozen=True)
class Issued:
    """What goes to the party itself. `key` is None where it made its own."""

    identity: Identity
    entry: Entry
    certificate: bytes
    key: bytes | None
    ca: bytes


class Authority:
    """The authority in `folder`. `passphrase` is that of its key, empty where it has none."""

    def __init__(
        self, folder: Path, passphrase: str = "", clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.folder, self._passphrase, self._clock = folder, passphrase, clock

    @property
    def acl_file(self) -> Path:
        return self.folder / "acl.conf"

    @property
    def crl_file(self) -> Path:
        return self.folder / "crl.pem"

    def create(self, name: str) -> None:
        """Make it; EnrollRefused where there is one already: a second key would lock out everybody enrolled."""
        if (self.folder / "ca.key").exists() or (self.folder / "register.json").exists():
            raise EnrollRefused(f"{self.folder} holds an authority already; it is left as it is")
        if not name.strip() or len(name) > 64:
            raise EnrollRefused("an authority's name has 1 to 64 characters")
        self.folder.mkdir(parents=True, exist_ok=True)
        # The broker's user must come as far as to the files that it reads; the key has a mode of its own.
        self.folder.chmod(0o755)
        with held(self.folder):
            now = self._clock().replace(microsecond=0)
            key = certificates.new_key()
            ca = certificates.authority(name, key, now)
            replace_file(self.folder / "ca.key", certificates.key_pem(key, self._passphrase), 0o600)
            replace_file(self.folder / "ca.crt", certificates.pem(ca), 0o644)
            register.write(self._register_file, Register(name=name))
            self._publish(Register(name=name), now)

    def register(self) -> Register:
        """Every certificate that was signed here."""
        return register.read(self._register_file)

    def enroll(
        self,
        identity: Identity,
        *,
        days: int = DAYS,
        hosts: Sequence[str] = (),
        request: bytes | None = None,
        again: bool = False,
    ) -> Issued:
        """Sign a certificate, for a new key or for the key of `request`. EnrollRefused where `identity` has a valid
        one already, unless `again` (a renewal: the old one stays valid until it ends or is revoked)."""
        with held(self.folder):
            known = self.register()
            now = self._clock().replace(microsecond=0)
            living = known.living(identity, now)
            if living and not again:
                raise EnrollRefused(
                    f"{identity.words} has a certificate until {living[-1].expires:%Y-%m-%d}: `levee box renew` it"
                )
            if again and identity not in {entry.identity for entry in known.certificates}:
                raise EnrollRefused(f"{identity.words} was never enrolled here")
            ca, ca_key = self._own()
            key = certificates.new_key() if request is None else None
            public = key.public_key() if key is not None else certificates.requested(request or b"", identity)
            signed = certificates.certificate(
                identity, public, ca, ca_key, hosts=tuple(dict.fromkeys((*identity.parts, *hosts))), now=now, days=days
            )
            entry = Entry(
                role=identity.role,
                parts=identity.parts,
                serial=f"{signed.serial_number:x}",
                issued=now,
                expires=signed.not_valid_after_utc,
            )
            known = replace(known, certificates=(*known.certificates, entry))
            register.write(self._register_file, known)
            self._publish(known, now)
            return Issued(
                identity,
                entry,
                certificates.pem(signed),
                certificates.key_pem(key) if key is not None else None,
                certificates.pem(ca),
            )

    def revoke(self, identity: Identity, reason: str, *, keep: str | None = None) -> tuple[Entry, ...]:
        """Take back every valid certificate of `identity` but that of serial `keep`; gives what was taken back."""
        if not reason.strip():
            raise EnrollRefused("a revocation has a reason, which stands in the register")
        with held(self.folder):
            known = self.register()
            now = self._clock().replace(microsecond=0)
            gone = [entry for entry in known.living(identity, now) if entry.serial != keep]
            if not gone:
                raise EnrollRefused(f"{identity.words} has no valid certificate here")
            taken = tuple(replace(entry, revoked=now, reason=reason) for entry in gone)
            new = {entry.serial: entry for entry in taken}
            known = replace(known, certificates=tuple(new.get(entry.serial, entry) for entry in known.certificates))
            register.write(self._register_file, known)
            self._publish(known, now)
            return taken

    @property
    def _register_file(self) -> Path:
        return self.folder / "register.json"

    def _own(self):  # type: ignore[no-untyped-def]
        """(certificate, key) of the authority; read anew each time, so that a passphrase is asked for when it signs."""
        try:
            ca = certificates.read_certificate((self.folder / "ca.crt").read_bytes())
            key = certificates.read_key((self.folder / "ca.key").read_bytes(), self._passphrase)
        except OSError as error:
            raise EnrollRefused(f"{error.filename}: {error.strerror}") from None
        if ca.public_key() != key.public_key():
            raise EnrollRefused(f"{self.folder}: ca.key is not the key of ca.crt")
        return ca, key

    def _publish(self, known: Register, now: datetime) -> None:
        """The two files of the broker, made from the register alone."""
        ca, key = self._own()
        revoked = [
            (int(entry.serial, 16), entry.revoked)
            for entry in known.certificates
            if entry.revoked is not None and entry.expires > now
        ]
        replace_file(self.crl_file, certificates.pem(certificates.revocations(ca, key, revoked, now)), 0o644)
        replace_file(self.acl_file, acl(known.admitted()).encode(), 0o640)
