"""The HTTP API, fuzzed from its own OpenAPI document: no 500, and no answer that the document does not foretell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from alerting.console.app import make_app
from alerting.console.context import Console, Limits
from alerting.console.limits import Limit
from alerting.console.roles import Account, Role
from alerting.console.run import make_console
from alerting.console.settings import BoardSettings, ConsoleSettings
from alerting.duty.settings import DutySettings
from alerting.metrics import Metrics
from alerting.record import Record
from alerting.record.reader import Asked
from alerting.service import Service
from alerting.settings import RecordSettings, ServiceSettings, SiteSettings
from wire import Band, Instant, Readings, State, encode

#: What a service may answer, one after the other.
OUTCOMES = (
    "acknowledged",
    "already",
    "changed",
    "closed",
    "invalid",
    "waiting",
    "silenced",
    "unknown-silence",
    "red",
    "x",
)
WANTED = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")


def _record(folder: Path, service: ServiceSettings, site: SiteSettings, duty: DutySettings, at: float) -> Service:
    """A record in which something has happened, and the service that wrote it."""
    record = Record(f"sqlite:///{folder / 'record.db'}")
    made = Service(
        service,
        [site],
        record,
        record.resume("alerting", "aaaaaaaaaaaaaaaa", at),
        {},
        Metrics(),
        publish=lambda *_: None,
        wake=lambda: None,
        session="aaaaaaaaaaaaaaaa",
        at=at,
        duty=duty,
    )
    for second in range(1, 40):
        band = Band(value=4.0, low=3.0, high=5.0)
        message = Readings(
            version=1,
            site="bund",
            box="box-1",
            session="aaaaaaaaaaaaaaaa",
            sequence=second,
            floor=1,
            sent=datetime.fromtimestamp(at + second, UTC),
            readings=(Instant(zone="steps", age_s=0, state=State.GOOD, method="t", count=band, peak_density=band),),
        )
        made.receive("levee/v1/bund/box-1/readings", encode(message), False, at + second, float(second))
        made.tick(at + second)
        made.settle(at + second)
    return made


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = tmp_path_factory.mktemp("fuzz")
    now = time.time() - 60
    zones = [{"name": name, "title": name, "kind": "steps", "box": "box-1"} for name in ("steps", "square")]
    whole = {"site": "bund", "title": "Bund", "responsible": "r", "duty": {"operator": "room"}, "zones": zones}
    site = msgspec.convert(whole, SiteSettings)
    person = {"name": "li-wei", "title": "李伟", "reach": [{"channel": "console"}]}
    unit = {"name": "room", "title": "Room", "shifts": [{"name": "s", "teams": [["li-wei"]]}]}
    duty = msgspec.convert({"people": [person], "units": [unit]}, DutySettings)
    service = ServiceSettings(
        sites=("a",),
        record=RecordSettings(url=f"sqlite:///{folder / 'record.db'}"),
        console=ConsoleSettings(accounts=str(folder / "accounts.db"), board=BoardSettings(delay_s=0, step_s=1)),
    )
    running = _record(folder, service, site, duty, now)
    made = make_console(service, [site], duty)
    made.limits = Limits(*(Limit(1e9, 10**9) for _ in range(5)))
    made.feed.hear_view(running.view(now + 40, True))
    answered = iter(range(10**9))
    made.door.ask = lambda body: Asked(OUTCOMES[next(answered) % len(OUTCOMES)], "w")  # type: ignore[method-assign]
    made.accounts.add(Account("chief", "Chief", Role.ADMIN, "li-wei"), "correct-horse-battery", now)
    yield made
    made.journal.close()
    made.door.close()
    made.accounts.close()
    running.close(now + 41)


@pytest.fixture(scope="module")
def api(console: Console) -> Any:
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", make_app(console, start=False))


@pytest.fixture(scope="module")
def token(console: Console) -> str:
    account = console.accounts.get("chief")
    assert account is not None
    return console.sessions.make_token(account, "fuzz", Role.ADMIN, 1, time.time())[0]


def each(api: Any, number: int, mode: GenerationMode, check: Callable[[Any], None]) -> int:
    """`check` on `number` examples of each operation; how many operations there are."""
    operations = [result.ok() for result in api.get_all_operations()]
    for operation in operations:

        @settings(max_examples=number, suppress_health_check=list(HealthCheck), deadline=None, database=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def fuzz(case: Any) -> None:
            check(case)

        try:
            fuzz()
        except Unsatisfiable:
            # Nothing that such an operation takes can be wrong.
            continue
    return len(operations)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_one_that_the_document_foretells(api: Any, token: str, mode: GenerationMode) -> None:
    checks = CHECKS.get_by_names(WANTED)

    def check(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=checks)

    assert each(api, 12, mode, check) >= 20


def test_without_a_token_nothing_is_told_but_the_board(api: Any) -> None:
    def check(case: Any) -> None:
        answer = case.call(headers={"Authorization": "Bearer levee_forged"})
        assert answer.status_code == 200 if case.path == "/api/v1/board" else answer.status_code in (401, 422)
        assert "steps" not in answer.text

    each(api, 3, GenerationMode.POSITIVE, check)
