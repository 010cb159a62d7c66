"""Children that never outlive their parent, and a broker that is started again: with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from levee.demo import broker as broker_module
from levee.demo.broker import Broker, BrokerKind, NoBroker, choose
from levee.demo.children import Child, ChildDied, end_all
from levee.demo.pager import Pager
from levee.demo.ports import free_port, listens

Wait = Callable[..., None]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_child_that_dies_is_told_with_its_last_words(tmp_path: Path, wait: Wait) -> None:
    child = Child(
        "the box", python("print('all is well'); raise SystemExit('no rtsp://u:hunter2@cam')"), tmp_path / "x.log"
    )
    child.start()
    wait("it ends", lambda: child.ended is not None)
    with pytest.raises(ChildDied) as caught:
        child.check()
    assert str(caught.value) == "the box ended unexpectedly (exit status 1): no rtsp://***@cam"
    child.end(0)
    assert "all is well" in (tmp_path / "x.log").read_text()


def test_a_child_that_was_killed_is_told_by_its_signal(tmp_path: Path, wait: Wait) -> None:
    child = Child("the box", python("import time; time.sleep(60)"), tmp_path / "x.log")
    child.start()
    child.check()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    wait("it ends", lambda: child.ended is not None)
    with pytest.raises(ChildDied, match=r"\(SIGKILL\): it said nothing"):
        child.check()
    child.end(0)


def test_children_end_in_order_and_the_deaf_are_killed(tmp_path: Path, wait: Wait) -> None:
    polite = Child(
        "polite",
        python(
            """
            import signal, time
            signal.signal(signal.SIGTERM, lambda *_: (print('goodbye'), exit(0)))
            print('ready')
            time.sleep(60)
            """
        ),
        tmp_path / "polite.log",
    )
    deaf = Child(
        "deaf",
        python(
            """
            import signal, subprocess, sys, time
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
            print(child.pid)
            time.sleep(60)
            """
        ),
        tmp_path / "deaf.log",
    )
    for child, log in ((polite, "polite.log"), (deaf, "deaf.log")):
        child.start()
        wait("it speaks", lambda log=log: (tmp_path / log).exists() and (tmp_path / log).read_text().endswith("\n"))
    grandchild = int((tmp_path / "deaf.log").read_text())
    end_all([polite, deaf], grace_s=1.0)
    assert polite.ended == 0
    assert deaf.ended == -signal.SIGKILL
    assert "goodbye" in (tmp_path / "polite.log").read_text()
    wait("the child of the deaf one is gone too", lambda: gone(grandchild))


def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path, wait: Wait) -> None:
    parent = subprocess.Popen(
        python(
            f"""
            import time
            from pathlib import Path
            from levee.demo.children import Child
            command = [{sys.executable!r}, '-c', 'import time; time.sleep(600)']
            child = Child('x', command, Path({str(tmp_path / "log")!r}))
            child.start()
            print(child.pid, flush=True)
            time.sleep(600)
            """
        ),
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not gone(child)
    parent.kill()
    parent.wait(timeout=10)
    parent.stdout.close()
    wait("the child is gone", lambda: gone(child))


def test_a_broker_that_dies_is_started_again_ever_more_slowly(
    tmp_path: Path, wait: Wait, need: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    need("mosquitto", "mosquitto")
    monkeypatch.setattr(broker_module, "PAUSES_S", (0.1, 0.2))
    broker = Broker(BrokerKind.MOSQUITTO, free_port(), tmp_path, tmp_path / "broker.log")
    broker.start()
    try:
        assert broker.watch() is None
        assert broker.restarts == 0
        for number, pause in ((1, "0.1"), (2, "0.2"), (3, "0.2")):
            assert broker.child.pid is not None
            os.kill(broker.child.pid, signal.SIGKILL)
            wait("it is dead", lambda: broker.child.ended is not None)
            said = broker.watch()
            assert said is not None
            assert said.endswith(f"started again in {pause} s")
            wait("it is started again", lambda: broker.watch() == "the broker was started again")
            wait("it listens", lambda: listens(broker.port))
            assert broker.restarts == number
    finally:
        end_all([broker.child])
    assert not listens(broker.port)


def test_a_broker_that_cannot_start_is_told(tmp_path: Path, need: Callable[[str, str], str]) -> None:
    need("mosquitto", "mosquitto")
    broker = Broker(BrokerKind.MOSQUITTO, free_port(), tmp_path, tmp_path / "broker.log")
    (tmp_path / "mosquitto.conf").write_text("no such setting\n")
    with pytest.raises(ChildDied, match="the broker ended unexpectedly"):
        broker.start()
    broker.child.end(0)


def test_the_embedded_broker_listens_and_ends(tmp_path: Path) -> None:
    pytest.importorskip("amqtt")
    broker = Broker(BrokerKind.EMBEDDED, free_port(), tmp_path, tmp_path / "broker.log")
    broker.start()
    assert listens(broker.port)
    end_all([broker.child])
    assert broker.child.ended == 0
    assert not listens(broker.port)


def test_without_any_broker_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "mosquitto", lambda: None)
    monkeypatch.setattr(broker_module.importlib.util, "find_spec", lambda name: None)
    for wanted in (None, *BrokerKind):
        with pytest.raises(NoBroker, match="install"):
            choose(wanted)


def test_a_taken_port_is_not_used() -> None:
    taken = Pager()
    taken.start()
    try:
        assert free_port(taken.port) != taken.port
        free = free_port()
        assert free_port(free) == free
        assert free_port(free, frozenset({free})) != free
    finally:
        taken.close()


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"a": 1}', 204), (b"not json", 400), (b'"' + b"x" * 200_000 + b'"', 413)],
)
def test_the_pager_takes_pages_and_only_pages(body: bytes, status: int) -> None:
    pager = Pager()
    pager.start()
    try:
        answer = httpx.post(f"http://127.0.0.1:{pager.port}/page", content=body, trust_env=False)
        assert answer.status_code == status
        assert pager.pages == ([json.loads(body)] if status == 204 else [])
    finally:
        pager.close()
