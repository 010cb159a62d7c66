"""The link over TLS: a broker with a certificate of our own authority, and one that cannot be trusted."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from wire.broker import BrokerSettings, TlsSettings
from wire.link import Link, LinkRefused


@dataclass(frozen=True)
class Secured:
    port: int
    authority: Path
    stranger: Path


def _openssl(program: str, folder: Path, *arguments: str) -> None:
    subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def secured(tmp_path: Path, need: Callable, new_port: Callable, wait: Callable) -> Iterator[Secured]:
    openssl, mosquitto = need("openssl", "openssl"), need("mosquitto", "mosquitto")
    key = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    for name in ("authority", "stranger"):
        subject = ("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
        _openssl(openssl, tmp_path, *key, *subject)
    request = ("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "s.key", "-out", "s.csr")
    _openssl(openssl, tmp_path, *request)
    (tmp_path / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    sign = ("x509", "-req", "-in", "s.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial")
    _openssl(openssl, tmp_path, *sign, "-days", "2", "-extfile", "names", "-out", "s.pem")
    port = new_port()
    (tmp_path / "m.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n"
        f"certfile {tmp_path}/s.pem\nkeyfile {tmp_path}/s.key\ncafile {tmp_path}/authority.pem\n"
    )
    server = subprocess.Popen([mosquitto, "-c", str(tmp_path / "m.conf")], stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.3)
        yield Secured(port, tmp_path / "authority.pem", tmp_path / "stranger.pem")
    finally:
        server.kill()
        server.wait()


def link(port: int, authority: Path) -> Link:
    return Link(
        BrokerSettings(port=port, tls=TlsSettings(ca_file=str(authority)), retry_max_s=1.0),
        client_id="levee-test",
        will=("levee/v1/s/b/status", b"{}"),
        topics=("levee/v1/s/b/recorded",),
        heard=lambda topic, payload, retained: None,
        joined=lambda: None,
    )


def test_a_broker_of_our_authority_is_trusted(secured: Secured, wait: Callable) -> None:
    one = link(secured.port, secured.authority)
    one.start()
    wait("a connection", lambda: one.connected)
    assert one.publish("levee/v1/s/b/readings", b"{}", retained=False, expiry_s=30)
    one.close(lambda: None)
    assert not one.alive


def test_one_that_cannot_be_trusted_is_one_line(
    secured: Secured, wait: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    one = link(secured.port, secured.stranger)
    one.start()
    wait("a line", lambda: bool(caplog.records))
    time.sleep(1.5)
    one.close(lambda: None)
    assert not one.connected
    assert len(caplog.records) == 1, [r.message for r in caplog.records]
    assert "certificate verify failed" in caplog.records[0].message
    assert "\n" not in caplog.records[0].message


def test_files_that_are_not_there_or_no_certificates_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(LinkRefused, match="TLS files cannot be used: No such file"):
        link(1, tmp_path / "none.pem")
    (tmp_path / "text.pem").write_text("hello")
    with pytest.raises(LinkRefused, match="TLS files cannot be used"):
        link(1, tmp_path / "text.pem")
