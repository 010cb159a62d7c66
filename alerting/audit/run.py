"""The auditor as a process: reads the record, pages on channels of its own, and calls an address while all is well."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from alerting.assess.effects import Figures, Page, effect_id
from alerting.audit.check import Check, Finding
from alerting.audit.metrics import AuditMetrics
from alerting.audit.settings import AuditSettings
from alerting.duty.settings import Deadlines, DutySettings
from alerting.office import SELF, SELF_ZONE, self_site
from alerting.paging.answer import Answer, Outcome, Sender
from alerting.paging.http import Endpoint
from alerting.paging.note import Note, write_note
from alerting.paging.senders import make_senders
from alerting.record import RecordAway, RecordRefused
from alerting.record.chain import BEGINNING, Head, digest, seal
from alerting.record.reader import Reader
from alerting.record.url import record_url
from alerting.settings import ServiceSettings, SiteSettings
from wire import Tier
from wire.secret import secret
from wire.supervisor import Supervisor

log = logging.getLogger("levee.audit")
#: A finding that stands is told again so often.
AGAIN_S = 600.0
#: A channel that did not take a finding is tried again so soon.
RETRY_S = 15.0
#: What was wrong longer than this before the end of what an earlier run has seen is not told by the next one.
REMEMBERED_S = 3600.0
#: Seconds without a sign of life of the service.
SILENT_S = 20.0


class AuditRefused(ValueError):
    """The auditor cannot work as it is set up."""


@dataclass
class _Told:
    """When a finding was told on a channel last, and whether it was accepted."""

    at: float
    accepted: bool


class Auditor:
    """One look at a time; `clock` is the time of the record."""

    def __init__(
        self,
        settings: ServiceSettings,
        sites: Sequence[SiteSettings],
        duty: DutySettings | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """AuditRefused where the settings have no auditor; ChannelRefused, SecretMissing, RecordRefused."""
        if settings.audit is None:
            raise AuditRefused("the service's settings have no `audit`")
        self._settings, self._clock = settings.audit, clock
        self._url = record_url(settings)
        self._senders = make_senders(settings.audit.channels)
        ping = secret(
            "the dead man's address", env=settings.audit.ping_url_from_env, file=settings.audit.ping_url_from_file
        )
        self._ping = Endpoint(ping, 10.0) if ping is not None else None
        self._check = make_check(settings.audit, sites, duty, settings.self_test is not None)
        self._reader: Reader | None = None
        witness = Path(settings.audit.witness)
        self._head, self._witness = Head(), read_witness(witness)
        #: Up to here an earlier run has looked at everything.
        self._replayed = self._witness.number if self._witness is not None else 0
        self._witness_fault = ""
        self._pulse: tuple[tuple[int, int] | None, float] = (None, time.monotonic())
        self._away_since: float | None = None
        self._chain_fault: Finding | None = None
        self._told: dict[tuple[str, str], _Told] = {
            (key, name): _Told(time.monotonic(), True) for key in read_told(witness) for name in self._senders
        }
        self._pinged_at = -1e9

    def look(self) -> list[Finding]:
        """Read on, and say what stands."""
        own: list[Finding] = []
        now, steady = self._clock(), time.monotonic()
        try:
            self._read()
            self._away_since = None
            assert self._reader is not None
            pulse = self._reader.pulse()
            if pulse != self._pulse[0]:
                self._pulse = (pulse, steady)
        except (RecordAway, RecordRefused) as error:
            self._away_since = steady if self._away_since is None else self._away_since
            if steady - self._away_since >= self._settings.grace_s:
                own.append(Finding("away", now, f"the record cannot be read: {error}"))
        silent = steady - self._pulse[1]
        if silent > SILENT_S:
            own.append(Finding("silent", now, f"the alerting service has shown no sign of life for {silent:.0f} s"))
        if self._chain_fault is not None:
            own.append(self._chain_fault)
        if self._witness_fault:
            own.append(Finding("witness", now, f"what was witnessed cannot be kept: {self._witness_fault}"))
        self._check.settle()
        return [*own, *self._check.look(now)]

    def _read(self) -> None:
        """Every new entry: does it follow from the one before, and what does it say."""
        if self._reader is None:
            self._reader = Reader(self._url)
        before = self._head
        for link in self._reader.links(self._head.number):
            fault = ""
            if link.number != self._head.number + 1:
                fault = f"entry {self._head.number + 1} is missing"
            elif link.body is not None and not _is_of(link.body, link.digest):
                fault = f"the body of entry {link.number} was changed"
            elif seal(self._head.hash, link.number, link.at_ms, link.kind, link.digest) != link.hash:
                fault = f"entry {link.number} does not follow from the one before it"
            elif self._witness is not None and link.number == self._witness.number and link.hash != self._witness.hash:
                fault = f"entry {link.number} is another than the one that was witnessed"
            if link.body is not None:
                strange = self._take(link.at_ms / 1000, link.kind, link.body, link.number)
                fault = fault or strange
            elif link.body is None and link.number <= self._replayed:
                self._check.missed(link.at_ms / 1000)
            if fault and self._chain_fault is None:
                self._chain_fault = Finding("chain", link.at_ms / 1000, f"the record was changed: {fault}")
            self._head = Head(link.number, link.hash)
            if link.number == self._replayed:
                known = {key for key, _ in self._told}
                self._check.forget(link.at_ms / 1000 - REMEMBERED_S, known)
        if self._reader.length() < max(before.number, self._witness.number if self._witness else 0):
            gone = Finding("chain", self._clock(), "the record was changed: entries at its end are gone")
            self._chain_fault = self._chain_fault or gone
        if (self._head != before or self._witness_fault) and self._chain_fault is None:
            self._witness = self._head
            self._keep()

    def _take(self, at: float, kind: str, body: str | bytes, number: int) -> str:
        """What an entry says; a fault where nobody can tell."""
        try:
            self._check.take(at, kind, json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return f"entry {number} ({kind}) cannot be understood: {type(error).__name__}"
        return ""

    def _keep(self) -> None:
        """The witness, and what was told and is over: it is not told again by the next run."""
        if self._witness is None:
            return
        over = {finding.key for finding in self._check.findings.values() if self._is_over(finding)}
        try:
            write_witness(Path(self._settings.witness), self._witness, sorted(over))
            self._witness_fault = ""
        except OSError as error:
            self._witness_fault = error.strerror or type(error).__name__

    def tell(self, findings: Sequence[Finding]) -> None:
        """Page what is new, or stands for long, on every channel of the auditor."""
        steady = time.monotonic()
        for finding in findings:
            for name, sender in self._senders.items():
                told = self._told.get((finding.key, name))
                if told is not None and told.accepted and (finding.past or steady - told.at < AGAIN_S):
                    continue
                if told is not None and not told.accepted and steady - told.at < RETRY_S:
                    continue
                answer = _send(sender, audit_note(finding, self._clock()))
                self._told[finding.key, name] = _Told(steady, answer.outcome is Outcome.ACCEPTED)
                log.warning("%s; told %s: %s: %s", finding.words, name, answer.outcome.value, answer.words)
        over = any(finding.past for finding in findings)
        standing = {finding.key for finding in findings}
        for key in [key for key in self._told if key[0] not in standing]:
            del self._told[key]
        if over:
            self._keep()

    def ping(self, findings: Sequence[Finding]) -> bool:
        """Call the dead man's address, only while all is well; whether it was called."""
        steady = time.monotonic()
        wrong = [finding for finding in findings if not self._is_over(finding)]
        if self._ping is None or wrong or steady - self._pinged_at < self._settings.ping_every_s:
            return False
        reply = self._ping.post(b"", {})
        if isinstance(reply, Answer):
            log.warning("the dead man's address does not answer: %s", reply.words)
            self._pinged_at = steady - self._settings.ping_every_s + min(RETRY_S, self._settings.ping_every_s)
        else:
            self._pinged_at = steady
        return True

    def _is_over(self, finding: Finding) -> bool:
        """What was wrong in the past and is known to somebody no longer keeps the address from being called."""
        return finding.past and any(told.accepted for (key, _), told in self._told.items() if key == finding.key)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()


def make_check(
    settings: AuditSettings, sites: Sequence[SiteSettings], duty: DutySettings | None, self_test: bool
) -> Check:
    called = frozenset(
        f"{site.site}/{zone.name}"
        for site in sites
        for zone in site.zones
        if duty is not None and (zone.duty or site.duty) is not None
    )
    if duty is not None and duty.keeper is not None:
        called |= {f"{SELF}/{SELF_ZONE}"}
    deadlines = duty.deadlines if duty is not None else Deadlines()
    return Check(called, deadlines, settings.grace_s, settings.accepted_s, self_test)


def _send(sender: Sender, note: Note) -> Answer:
    try:
        return sender.send(note)
    except Exception as error:  # noqa: BLE001 - a fault in one channel must not end the auditor
        return Answer(Outcome.FAILED, f"the channel broke: {type(error).__name__}")


def audit_note(finding: Finding, at: float) -> Note:
    """The page that tells of a finding."""
    page = Page(
        id=effect_id("audit", finding.key),
        at=at,
        site=SELF,
        zone=SELF_ZONE,
        tier=Tier.RED,
        from_tier=Tier.NORMAL,
        why=f"audit: {finding.words}"[:400],
        since=finding.at,
        figures=Figures(),
        unknown=True,
    )
    note = write_note(page, self_site())
    since = datetime.fromtimestamp(finding.at, UTC)
    return msgspec.structs.replace(note, text=f"AUDIT: {finding.words} ({since:%Y-%m-%d %H:%M:%S} UTC).", attempt=1)


def _is_of(body: object, wanted: str) -> bool:
    """Also where somebody has put something that is no text into its place."""
    return isinstance(body, str) and digest(body) == wanted


def read_witness(file: Path) -> Head | None:
    """The end of the chain as this auditor saw it last; None before the first time. AuditRefused for another file."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Head(int(kept["number"]), str(kept["hash"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise AuditRefused(f"{file}: this is no file of the auditor") from None


def read_told(file: Path) -> list[str]:
    """Keys of the findings that an earlier run has told and that are over."""
    try:
        told = json.loads(file.read_text(encoding="utf-8")).get("told", [])
    except (OSError, ValueError, AttributeError):
        return []
    return [str(key) for key in told] if isinstance(told, list) else []


def write_witness(file: Path, head: Head, told: Sequence[str] = ()) -> None:
    """Whole or not at all. OSError."""
    assert head.hash != BEGINNING
    fresh = file.with_name(file.name + ".new")
    with fresh.open("w", encoding="utf-8") as out:
        json.dump({"number": head.number, "hash": head.hash, "told": list(told)}, out)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def run_audit(
    settings: ServiceSettings,
    sites: Sequence[SiteSettings],
    duty: DutySettings | None,
    *,
    stop: threading.Event,
    clock: Callable[[], float] = time.time,
    supervisor: Supervisor | None = None,
) -> None:
    """Look, tell and ping until `stop` is set. ValueError with one line where the settings cannot work."""
    auditor = Auditor(settings, sites, duty, clock)
    watch = supervisor or Supervisor({})
    log.info("the auditor begins")
    assert settings.audit is not None
    metrics = AuditMetrics()
    if settings.audit.metrics_port:
        metrics.serve(settings.audit.metrics_host, settings.audit.metrics_port)
    watch.ready()
    try:
        while not stop.is_set():
            findings = auditor.look()
            metrics.looked(findings, clock())
            auditor.tell(findings)
            auditor.ping(findings)
            watch.says(f"{len(findings)} findings" if findings else "all is well")
            watch.alive()
            stop.wait(settings.audit.every_s)
    finally:
        auditor.close()
        metrics.close()
