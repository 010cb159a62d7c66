"""An authority on disk: what it signs, what it refuses, and what it leaves when it is interrupted."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from levee.cli import app, refusal
from levee.enroll import keeping
from levee.enroll.acl import RIGHTS, acl
from levee.enroll.authority import Authority
from levee.enroll.identity import EnrollRefused, Identity, Role, identify
from wire import topics

NOW = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)
BOX = identify(Role.BOX, "riverside/riverside-1")
names = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authority(tmp_path: Path, clock: Clock) -> Authority:
    one = Authority(tmp_path / "authority", clock=clock)
    one.create("Riverside")
    return one


def request(name: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = made.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("role", "who", "user"),
    [
        (Role.BOX, "bund/steps-1", "bund.steps-1"),
        (Role.SERVICE, "alerting", "service.alerting"),
        (Role.READER, "grafana", "service.reader.grafana"),
        (Role.SIGN, "bund/gate", "bund.zones.gate"),
        (Role.BROKER, "broker.example.net", "broker.example.net"),
        (Role.BROKER, "192.0.2.5", "192.0.2.5"),
    ],
)
def test_a_user_name_tells_the_role(role: Role, who: str, user: str) -> None:
    assert identify(role, who).user == user


@pytest.mark.parametrize(
    ("role", "who", "words"),
    [
        (Role.BOX, "steps-1", "called SITE/BOX"),
        (Role.BOX, "bund/steps-1/x", "called SITE/BOX"),
        (Role.BOX, "bund/+", "called SITE/BOX"),
        (Role.BOX, "bund/#", "called SITE/BOX"),
        (Role.BOX, "bund/Steps 1", "called SITE/BOX"),
        (Role.BOX, "bund/steps\n", "called SITE/BOX"),
        (Role.BOX, "../x", "called SITE/BOX"),
        (Role.BOX, "service/x", "no site may be called service"),
        (Role.SIGN, "service/x", "no site may be called service"),
        (Role.BOX, "bund/zones", "no box may be called zones"),
        (Role.BOX, f"{'a' * 40}/{'b' * 40}", "longer than the 64 characters"),
        (Role.SERVICE, "a.b", "called NAME"),
        (Role.SERVICE, "", "called NAME"),
        (Role.BROKER, "a b", "neither a host name nor an address"),
        (Role.BROKER, "/etc/passwd", "neither a host name nor an address"),
    ],
)
def test_names_that_cannot_be_are_refused(role: Role, who: str, words: str) -> None:
    with pytest.raises(EnrollRefused, match=words):
        identify(role, who)


@given(st.lists(st.tuples(st.sampled_from(list(Role)[:4]), names, names), min_size=2, max_size=6))
def test_no_two_parties_share_a_user_name(drawn: list[tuple[Role, str, str]]) -> None:
    parties = set()
    for role, one, two in drawn:
        who = f"{one}/{two}" if role in (Role.BOX, Role.SIGN) else one
        try:
            parties.add(identify(role, who))
        except EnrollRefused:
            continue
    assert len({party.user for party in parties}) == len(parties)


def test_a_box_gets_a_certificate_that_only_connects_and_bears_its_name(authority: Authority) -> None:
    issued = authority.enroll(BOX)
    one = x509.load_pem_x509_certificate(issued.certificate)
    assert [a.value for a in one.subject] == ["riverside.riverside-1"]
    usage = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert one.not_valid_before_utc < NOW < one.not_valid_after_utc == NOW + timedelta(days=730)
    ca = x509.load_pem_x509_certificate(issued.ca)
    one.verify_directly_issued_by(ca)
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)


def test_a_broker_serves_under_all_its_names(authority: Authority) -> None:
    issued = authority.enroll(identify(Role.BROKER, "broker.example.net"), hosts=("192.0.2.5", "broker"))
    one = x509.load_pem_x509_certificate(issued.certificate)
    assert list(one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH
    ]
    known = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert known.get_values_for_type(x509.DNSName) == ["broker.example.net", "broker"]
    assert [str(address) for address in known.get_values_for_type(x509.IPAddress)] == ["192.0.2.5"]


def test_only_the_owner_may_read_the_keys(authority: Authority) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in authority.folder.iterdir()}
    assert modes["ca.key"] == modes["register.json"] == 0o600
    assert modes["acl.conf"] == 0o640


def test_a_second_authority_and_a_second_certificate_are_refused(authority: Authority) -> None:
    before = (authority.folder / "ca.key").read_bytes()
    with pytest.raises(EnrollRefused, match="holds an authority already"):
        authority.create("again")
    assert (authority.folder / "ca.key").read_bytes() == before
    authority.enroll(BOX)
    with pytest.raises(EnrollRefused, match=r"has a certificate until 2028-12-30: `levee box renew` it"):
        authority.enroll(BOX)


def test_a_renewal_leaves_the_old_one_valid_until_it_ends(authority: Authority, clock: Clock) -> None:
    with pytest.raises(EnrollRefused, match="was never enrolled here"):
        authority.enroll(BOX, again=True)
    first = authority.enroll(BOX)
    clock.now += timedelta(days=700)
    second = authority.enroll(BOX, again=True)
    assert [entry.serial for entry in authority.register().living(BOX, clock.now)] == [
        first.entry.serial,
        second.entry.serial,
    ]
    clock.now += timedelta(days=31)
    assert [entry.serial for entry in authority.register().living(BOX, clock.now)] == [second.entry.serial]


def test_what_is_taken_back_is_on_the_list_and_out_of_the_acl(authority: Authority, clock: Clock) -> None:
    other = identify(Role.BOX, "riverside/riverside-2")
    issued = authority.enroll(BOX)
    authority.enroll(other)
    with pytest.raises(EnrollRefused, match="has a reason"):
        authority.revoke(BOX, " ")
    assert [entry.serial for entry in authority.revoke(BOX, "stolen")] == [issued.entry.serial]
    crl = x509.load_pem_x509_crl(authority.crl_file.read_bytes())
    assert [f"{one.serial_number:x}" for one in crl] == [issued.entry.serial]
    assert crl.is_signature_valid(x509.load_pem_x509_certificate(issued.ca).public_key())
    assert "user riverside.riverside-1\n" not in authority.acl_file.read_text()
    assert "user riverside.riverside-2\n" in authority.acl_file.read_text()
    with pytest.raises(EnrollRefused, match="no valid certificate"):
        authority.revoke(BOX, "stolen")
    authority.enroll(BOX)
    assert "user riverside.riverside-1\n" in authority.acl_file.read_text()


def test_the_list_of_what_was_taken_back_never_runs_out_before_the_authority(authority: Authority) -> None:
    crl = x509.load_pem_x509_crl(authority.crl_file.read_bytes())
    ca = x509.load_pem_x509_certificate((authority.folder / "ca.crt").read_bytes())
    assert crl.next_update_utc == ca.not_valid_after_utc


def test_the_key_may_stay_on_the_box(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issued = authority.enroll(BOX, request=request(BOX.user, key))
    assert issued.key is None
    assert x509.load_pem_x509_certificate(issued.certificate).public_key() == key.public_key()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: b"-----BEGIN NONSENSE-----", "no signing request"),
        (lambda: b"", "no signing request"),
        (lambda: request("riverside.riverside-2"), "is for riverside.riverside-2, not for CN=riverside.riverside-1"),
        (lambda: request(BOX.user, rsa.generate_private_key(65537, 1024)), "too weak"),
        (lambda: request(BOX.user, ec.generate_private_key(ec.SECP192R1())), "too weak"),
    ],
)
def test_requests_that_are_not_the_boxs_own_are_refused(authority: Authority, made, words: str) -> None:
    with pytest.raises(EnrollRefused, match=words):
        authority.enroll(BOX, request=made())
    assert authority.register().certificates == ()


def test_a_passphrase_is_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    Authority(folder, "correct horse").create("Riverside")
    for wrong, words in (("", "needs its passphrase"), ("wrong", "wrong passphrase")):
        with pytest.raises(EnrollRefused, match=words):
            Authority(folder, wrong).enroll(BOX)
    assert Authority(folder, "correct horse").enroll(BOX).key
    open_one = tmp_path / "open"
    Authority(open_one).create("Riverside")
    with pytest.raises(EnrollRefused, match="is not encrypted"):
        Authority(open_one, "x").enroll(BOX)


def test_one_works_at_a_time(authority: Authority) -> None:
    with keeping.held(authority.folder), pytest.raises(EnrollRefused, match="another command works"):
        authority.enroll(BOX)


def test_a_disk_that_is_full_leaves_the_old_files(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in authority.folder.iterdir()}

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        authority.enroll(BOX)
    assert {path.name: path.read_bytes() for path in authority.folder.iterdir()} == before


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"{", "is damaged"), (b'{"name": "x", "version": 2}', "version 2"), (None, "is no authority")],
)
def test_a_register_that_is_none_is_one_line(authority: Authority, content: bytes | None, words: str) -> None:
    path = authority.folder / "register.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(EnrollRefused, match=words) as refused:
        authority.enroll(BOX)
    assert "\n" not in str(refused.value)


def test_a_certificate_cannot_outlive_its_authority(authority: Authority, clock: Clock) -> None:
    clock.now += timedelta(days=365 * 19)
    with pytest.raises(EnrollRefused, match="the authority itself ends on 2046"):
        authority.enroll(BOX, days=3650)


@pytest.mark.parametrize("role", Role)
def test_no_right_is_wider_than_the_role(role: Role) -> None:
    """A box never says what the service says, and hears nothing of another; a sign only hears."""
    parts = ("bund", "b1") if role in (Role.BOX, Role.SIGN) else ("a",)
    lines = [line for line in acl([Identity(role, parts)]).splitlines() if line.startswith("topic")]
    written = [line for line in lines if not line.startswith("topic read ")]
    if role is Role.BOX:
        own = ("levee/v1/bund/b1/", "levee/v1/bund/drill/b1/")
        assert all(line.rsplit(" ", 1)[1].startswith(own) for line in lines)
        assert not any("recorded" in line or "tier" in line for line in written)
    if role in (Role.SIGN, Role.READER, Role.BROKER):
        assert written == []
    if role is Role.SERVICE:
        live = [line for line in written if "/drill/" not in line]
        assert not any(line.endswith(("/readings", "/status", "/health", "/backlog")) for line in live)


def test_every_topic_has_one_role_that_says_it() -> None:
    for row in topics.TOPICS:
        says = [role for role, rights in RIGHTS.items() for topic, right in rights if topic is row and "write" in right]
        assert len(says) == (2 if row is topics.DRILL_READINGS else 1), row.name


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["box", *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        line, status = refusal(done.exception)
        return status, line
    return done.exit_code, done.output


def test_the_command_from_authority_to_revocation(tmp_path: Path) -> None:
    folder, out = tmp_path / "authority", tmp_path / "stick"
    assert run("authority", folder, "--name", "Riverside")[0] == 0
    status, said = run("enroll", folder, "riverside/riverside-1", "--out", out)
    assert (status, "is let in as riverside.riverside-1 until" in said) == (0, True)
    key = out / "riverside.riverside-1.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert f"cert_file: /etc/levee/tls/{out.joinpath('riverside.riverside-1.crt').name}" in said
    before = key.read_bytes()
    status, said = run("renew", folder, "riverside/riverside-1", "--out", out)
    assert (status, "is there already: it is left as it is" in said) == (1, True)
    assert key.read_bytes() == before
    status, said = run("renew", folder, "riverside/riverside-1", "--out", tmp_path / "new", "--revoke-old")
    assert (status, "took back 1 former" in said) == (0, True)
    assert run("enroll", folder, "riverside/riverside-2", "--days", "20", "--out", tmp_path / "short")[0] == 0
    status, said = run("list", folder)
    assert status == 1, "a certificate that ends within 30 days makes a check fail"
    assert "ends in" in said
    assert run("revoke", folder, "riverside/riverside-2", "--reason", "scrapped")[0] == 0
    status, said = run("list", folder, "--json")
    assert (status, len(said.splitlines())) == (0, 3)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("enroll", "{}", "riverside/riverside-1", "--as", "king", "--out", "{}"), "--as is one of box, service"),
        (("enroll", "{}/none", "riverside/riverside-1", "--out", "{}/o"), "is no authority: make one with"),
        (("enroll", "{}", "riverside/../x", "--out", "{}/o"), "called SITE/BOX"),
        (("revoke", "{}", "riverside/riverside-9", "--reason", "x"), "has no valid certificate"),
        (("enroll", "{}", "a/b", "--request", "{}/none", "--out", "{}/o"), "No such file"),
    ],
)
def test_the_command_refuses_in_one_line(tmp_path: Path, words: tuple[str, ...], line: str) -> None:
    folder = tmp_path / "a"
    Authority(folder).create("Riverside")
    status, said = run(*(word.format(folder) for word in words))
    assert status != 0
    assert line in said
