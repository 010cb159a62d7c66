"""What cannot work is refused before anything is judged, in one line."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

import alerting.runner
from alerting.duty.settings import DutySettings, Person
from alerting.ingest import Dropped
from alerting.runner import run
from alerting.settings import ServiceSettings, SiteSettings

SITE = {
    "site": "bund",
    "title": "Bund",
    "responsible": "Duty room",
    "zones": [{"name": "z", "title": "Z", "kind": "flat", "box": "b"}],
}


def start(changes: dict[str, Any], folder: Path, sites: int = 1, stopped: bool = False) -> None:
    stop = threading.Event()
    if stopped:
        stop.set()
    basis = {"sites": ["a"], "metrics": {"port": 0}, "record": {"url": f"sqlite:///{folder}/record.db"}}
    service = msgspec.convert({**basis, **changes}, ServiceSettings)
    run(service, [msgspec.convert(SITE, SiteSettings)] * sites, stop=stop)


@pytest.mark.parametrize(
    ("changes", "sites", "says"),
    [
        ({}, 0, "no site to judge"),
        ({}, 2, "the site bund is configured twice"),
        ({"record": {"url": "nonsense"}}, 1, "the record's URL is not one"),
        ({"record": {"url_from_env": "NOT_SET"}}, 1, "the record's URL: the environment variable NOT_SET"),
        ({"mqtt": {"username": "u", "password_from_file": "/none"}}, 1, "the broker's password: the file /none cannot"),
        ({"mqtt": {"tls": {"ca_file": "/none"}}}, 1, "the broker's TLS files cannot be used"),
        ({"channels": {"hook": {"type": "webhook", "url": "ftp://x/"}}}, 1, "channel hook: the address must begin"),
        ({"channels": {"hook": {"type": "webhook", "url_from_env": "NOT_SET"}}}, 1, "channel hook, address"),
        ({"metrics": {"host": "192.0.2.1"}}, 1, "metrics: cannot listen at 192.0.2.1:9109"),
    ],
)
def test_refused_at_once(changes: dict[str, Any], sites: int, says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as caught:
        start(changes, tmp_path, sites)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"cannot listen at 127.0.0.1:{port}: Address already in use"):
            start({"metrics": {"port": port}}, tmp_path)


def test_a_record_that_is_a_letter(tmp_path: Path) -> None:
    (tmp_path / "record.db").write_text("Dear reader, " * 500)
    with pytest.raises(ValueError, match="the record is damaged or of another make: file is not a database"):
        start({}, tmp_path)


def test_stopping_before_the_record_is_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    start({"record": {"url": f"sqlite:///{tmp_path}/none/record.db"}}, tmp_path, stopped=True)
    assert not (tmp_path / "none").exists()


class Failing:
    """Stands for a service that fails on one message; what it drops is kept."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.dropped: list[Dropped] = []

    def receive(self, topic: str, payload: bytes, retained: bool, at: float, steady: float) -> None:
        if payload == b"bad":
            raise OverflowError("geheim")
        self.taken.append(topic)

    def drop(self, one: Dropped, steady: float, times: int = 1) -> None:
        self.dropped.append(one)


def runner_in(folder: Path) -> alerting.runner._Runner:
    basis = {"sites": ["a"], "record": {"url": f"sqlite:///{folder}/record.db"}}
    site = msgspec.convert(SITE, SiteSettings)
    return alerting.runner._Runner(msgspec.convert(basis, ServiceSettings), [site], threading.Event())


def test_the_lag_grows_while_the_loop_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = runner_in(tmp_path)
    runner._ticked, runner._late_s = 100.0, 0.25
    monkeypatch.setattr(alerting.runner.time, "monotonic", lambda: 100.5)
    assert runner._lag_s() == 0.25
    monkeypatch.setattr(alerting.runner.time, "monotonic", lambda: 130.0)
    assert (runner._silent_s(), runner._lag_s()) == (30.0, 29.0)


def test_no_single_message_ends_the_judgement(tmp_path: Path) -> None:
    runner = runner_in(tmp_path)
    core = Failing()
    for topic, payload in (("a", b"x"), ("b\n", b"bad"), ("c", b"x")):
        runner._inbox.put(alerting.runner._Message(topic, payload, False, 1.0, 1.0))
    runner._round(core, 0.0)  # type: ignore[arg-type]
    assert core.taken == ["a", "c"]
    assert [(one.reason, one.line) for one in core.dropped] == [
        ("failed", "a message on 'b\\n' could not be taken: OverflowError")
    ]


def test_a_person_reached_by_a_channel_that_there_is_not(tmp_path: Path) -> None:
    people = [{"name": "ann", "title": "Ann", "reach": [{"channel": "console"}, {"channel": "smss", "to": "+861"}]}]
    units = [{"name": "o", "title": "O", "shifts": [{"name": "s", "teams": [["ann"]]}]}]
    duty = msgspec.convert({"people": people, "units": units}, DutySettings)
    service = {"sites": ["a"], "duty": "duty.yaml", "record": {"url": f"sqlite:///{tmp_path}/record.db"}}
    with pytest.raises(ValueError, match=r"duty\.yaml: person ann: .* no channel called smss, only console"):
        run(
            msgspec.convert(service, ServiceSettings),
            [msgspec.convert(SITE, SiteSettings)],
            stop=threading.Event(),
            duty=duty,
        )
    assert not (tmp_path / "record.db").exists()


def test_a_channel_twice_for_one_person() -> None:
    reach = [{"channel": "sms", "to": "+861"}, {"channel": "sms", "to": "+862"}]
    with pytest.raises(msgspec.ValidationError, match="person ann: the channel sms is listed twice"):
        msgspec.convert({"name": "ann", "title": "Ann", "reach": reach}, Person)
