"""The broker's settings that come with Levee, in a real Mosquitto over TLS: who may say what, and who is shut out.

Everybody's certificate is made by `levee.enroll`, as on a site; only port, folders and user are others.
"""

from __future__ import annotations

import signal
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

import edge.settings
from alerting.assess import ZoneKind
from alerting.channels import ConsoleChannel
from alerting.runner import run
from alerting.settings import MetricsSettings, RecordSettings, ServiceSettings, SiteSettings, ZoneSettings
from edge.settings import BoxSettings, CameraSettings, GroundPoint
from edge.voice import Voice
from levee.demo.ports import listens
from levee.enroll.authority import Authority
from levee.enroll.identity import Identity, Role, identify
from wire import VERSION, Instant, Readings, SessionRecorded, State, topics
from wire.broker import BrokerSettings, TlsSettings
from wire.link import Link, LinkRefused

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "mosquitto"
BOX = identify(Role.BOX, "riverside/riverside-1")
OTHER = identify(Role.BOX, "riverside/riverside-2")
#: The same name of a box, at another site.
TWIN = identify(Role.BOX, "plaza/riverside-1")
SERVICE = identify(Role.SERVICE, "alerting")
SIGN = identify(Role.SIGN, "riverside/gate")
READER = identify(Role.READER, "engineer")
BROKER = identify(Role.BROKER, "localhost")
Wait = Callable[..., None]


@dataclass
class Site:
    """A site's authority and its broker."""

    authority: Authority
    folder: Path
    port: int
    inner: int
    broker: subprocess.Popen[bytes]

    def key(self, who: Identity, authority: Authority | None = None, again: bool = False) -> TlsSettings:
        """A certificate of `who`, by the site's authority or by another."""
        issued = (authority or self.authority).enroll(who, again=again)
        stem = self.folder / f"{issued.entry.serial[:8]}-{who.user}"
        assert issued.key is not None
        key, certificate = stem.with_suffix(".key"), stem.with_suffix(".crt")
        key.touch(mode=0o600)
        key.write_bytes(issued.key)
        certificate.write_bytes(issued.certificate)
        return TlsSettings(ca_file=str(self.authority.folder / "ca.crt"), cert_file=str(certificate), key_file=str(key))

    def reload(self) -> None:
        self.broker.send_signal(signal.SIGHUP)


@pytest.fixture
def site(tmp_path: Path, need: Callable[[str, str], str], new_port: Callable[[], int], wait: Wait) -> Iterator[Site]:
    authority = Authority(tmp_path / "authority")
    authority.create("Riverside")
    issued = authority.enroll(BROKER, hosts=("127.0.0.1",))
    key, certificate = tmp_path / "broker.key", tmp_path / "broker.crt"
    key.write_bytes(issued.key or b"")
    certificate.write_bytes(issued.certificate)
    port, inner = new_port(), new_port()
    text = (CONFIGS / "mosquitto.conf").read_text()
    for old, new in (
        ("listener 8883\n", f"listener {port} 127.0.0.1\n"),
        ("listener 8884 127.0.0.1\n", f"listener {inner} 127.0.0.1\n"),
        ("/etc/mosquitto/levee/ca.crt", str(authority.folder / "ca.crt")),
        ("/etc/mosquitto/levee/broker.crt", str(certificate)),
        ("/etc/mosquitto/levee/broker.key", str(key)),
        ("/etc/mosquitto/levee/crl.pem", str(authority.crl_file)),
        ("/etc/mosquitto/levee/acl.conf", str(authority.acl_file)),
        ("/var/lib/mosquitto/", f"{tmp_path}/"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    # Started by root it would become another user, who may not read the folder of the test.
    (tmp_path / "mosquitto.conf").write_text(f"{text}\nuser root\n")
    for who in (BOX, OTHER, TWIN, SERVICE, SIGN, READER):
        authority.enroll(who)
    process = subprocess.Popen(
        [need("mosquitto", "mosquitto"), "-c", str(tmp_path / "mosquitto.conf")], stderr=subprocess.DEVNULL
    )
    try:
        wait("it runs", lambda: listens(port))
        yield Site(authority, tmp_path, port, inner, process)
    finally:
        process.terminate()
        process.wait(timeout=10)


class Client:
    """Any MQTT client with these files, connected or refused; it may claim what it likes. `heard` are the topics."""

    def __init__(self, port: int, tls: TlsSettings | None, user: str | None = None, client_id: str = "") -> None:
        self.heard: list[str] = []
        self.code = ""
        self.granted = 0
        self.gone = threading.Event()
        self.subscribed = threading.Event()
        self.mqtt = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        if tls is not None:
            context = ssl.create_default_context(cafile=tls.ca_file)
            if tls.cert_file is not None:
                context.load_cert_chain(tls.cert_file, tls.key_file)
            self.mqtt.tls_set_context(context)
        if user is not None:
            self.mqtt.username_pw_set(user, "x")
        self.mqtt.on_connect = lambda client, data, flags, code, properties: setattr(self, "code", str(code))
        self.mqtt.on_disconnect = lambda *_: self.gone.set()
        self.mqtt.on_subscribe = lambda *_: self.subscribed.set()
        self.mqtt.on_message = lambda client, data, message: self.heard.append(message.topic)
        try:
            self.mqtt.connect("127.0.0.1", port)
            self.mqtt.loop_start()
        except OSError as error:
            self.code = f"refused: {error}"
            self.gone.set()

    @property
    def answered(self) -> bool:
        return bool(self.code) or self.gone.is_set()

    @property
    def inside(self) -> bool:
        return self.code == "Success" and not self.gone.is_set()

    def listen(self) -> None:
        self.subscribed.clear()
        self.mqtt.subscribe("#", 1)
        assert self.subscribed.wait(10)

    def say(self, topic: str, retain: bool = False) -> None:
        """Say it, and wait for the broker's answer, which is the same where nobody may hear."""
        self.mqtt.publish(topic, b"x", 1, retain=retain).wait_for_publish(10)

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


@pytest.fixture
def join(site: Site, wait: Wait) -> Iterator[Callable[..., Client]]:
    joined: list[Client] = []
    keys: dict[str, TlsSettings] = {}

    def connect(who: Identity | TlsSettings | None, **claims: str) -> Client:
        if isinstance(who, Identity) and who.user not in keys:
            keys[who.user] = site.key(who, again=True)
        within = isinstance(who, Identity) and who.role in (Role.SERVICE, Role.READER)
        port = site.inner if within else site.port
        client = Client(port, keys[who.user] if isinstance(who, Identity) else who, **claims)
        joined.append(client)
        wait("an answer", lambda: client.answered)
        return client

    yield connect
    for client in joined:
        client.close()


def reach(row: topics.Topic, **levels: str) -> str:
    known = {"site": "riverside", "box": "riverside-1", "zone": "steps", "instance": "alerting", **levels}
    return row.at(**{level: name for level, name in known.items() if f"{{{level}}}" in row.template})


#: What one box may say at all.
OWN = {reach(row) for row in (topics.READINGS, topics.BACKLOG, topics.STATUS, topics.HEALTH, topics.DRILL_READINGS)}


def test_a_box_speaks_only_for_itself(join: Callable[..., Client], wait: Wait) -> None:
    """The reader hears all that the broker lets through; the box tries every topic of the contract, in every name."""
    reader, box = join(READER), join(BOX)
    reader.listen()
    tried = [reach(row, **names) for row in topics.TOPICS for names in ({}, {"box": "riverside-2"}, {"site": "plaza"})]
    last = reach(topics.BACKLOG)
    for topic in [*dict.fromkeys(tried), "levee/v1/riverside/riverside-1/readings/x", "$SYS/x", "x"]:
        if topic != last:
            box.say(topic)
    box.say(last)
    wait("what may be said arrives", lambda: last in reader.heard)
    assert set(reader.heard) == OWN


def test_a_box_hears_what_is_for_it_and_nothing_else(join: Callable[..., Client], wait: Wait) -> None:
    """It subscribes to everything, while all the others and the service speak."""
    box, service, other, twin = join(BOX), join(SERVICE), join(OTHER), join(TWIN)
    box.listen()
    other.say(reach(topics.READINGS, box="riverside-2"))
    other.say(reach(topics.STATUS, box="riverside-2"), retain=True)
    twin.say(reach(topics.STATUS, site="plaza"), retain=True)
    service.say(reach(topics.RECORDED, box="riverside-2"), retain=True)
    service.say(reach(topics.RECORDED, site="plaza"), retain=True)
    service.say(reach(topics.TIER), retain=True)
    service.say(reach(topics.SERVICE), retain=True)
    box.say(reach(topics.STATUS), retain=True)
    service.say(reach(topics.RECORDED), retain=True)
    wait("its answer arrives", lambda: reach(topics.RECORDED) in box.heard)
    # What is retained is no way round it either.
    box.heard.clear()
    box.listen()
    wait("its answer arrives again", lambda: reach(topics.RECORDED) in box.heard)
    assert set(box.heard) == {reach(topics.STATUS), reach(topics.RECORDED)}


def test_only_the_service_says_tiers_and_signs_hear_little_else(join: Callable[..., Client], wait: Wait) -> None:
    service, sign, box, reader = join(SERVICE), join(SIGN), join(BOX), join(READER)
    sign.listen()
    for client in (box, sign, reader):
        client.say(reach(topics.TIER))
    box.say(reach(topics.READINGS))
    service.say(reach(topics.TIER, site="plaza"))
    service.say(reach(topics.READINGS))
    service.say(reach(topics.SERVICE))
    service.say(reach(topics.TIER))
    wait("the tier arrives", lambda: reach(topics.TIER) in sign.heard)
    assert sign.heard == [reach(topics.SERVICE), reach(topics.TIER)]


#: The client ids that the programs themselves give.
SERVICE_ID, OTHER_ID = "levee-alerting-5f3a9c0d", "levee/riverside/riverside-2"


@pytest.mark.parametrize(
    "claim", [{"user": SERVICE.user}, {"user": OTHER.user}, {"client_id": SERVICE_ID}, {"client_id": OTHER_ID}]
)
def test_who_somebody_is_stands_in_the_certificate_alone(
    join: Callable[..., Client], wait: Wait, claim: dict[str, str]
) -> None:
    """A name in CONNECT counts for nothing, and another's client id throws nobody off."""
    reader, service, other = join(READER), join(SERVICE, client_id=SERVICE_ID), join(OTHER, client_id=OTHER_ID)
    reader.listen()
    box = join(BOX, **claim)
    box.say(reach(topics.READINGS, box="riverside-2"))
    box.say(reach(topics.TIER))
    box.say(reach(topics.READINGS))
    other.say(reach(topics.READINGS, box="riverside-2"))
    service.say(reach(topics.TIER))
    wait("whoever is entitled is heard", lambda: reach(topics.TIER) in reader.heard)
    assert reader.heard == [reach(topics.READINGS), reach(topics.READINGS, box="riverside-2"), reach(topics.TIER)]
    assert service.inside
    assert other.inside


def test_service_and_console_share_a_certificate_at_the_inner_door(join: Callable[..., Client], wait: Wait) -> None:
    service, console = join(SERVICE, client_id=SERVICE_ID), join(SERVICE, client_id="levee-console-0a1b2c3d")
    console.listen()
    service.say(reach(topics.TIER))
    wait("the tier arrives", lambda: reach(topics.TIER) in console.heard)
    assert service.inside


def test_nobody_enters_without_a_certificate_of_this_authority(site: Site, join: Callable[..., Client]) -> None:
    stranger = Authority(site.folder / "stranger")
    stranger.create("Riverside")
    stranger.enroll(BROKER)
    nameless = TlsSettings(ca_file=str(site.authority.folder / "ca.crt"))
    refused = (None, nameless, site.key(SERVICE, stranger), site.key(BROKER, again=True))
    for tls in refused:
        assert not join(tls).inside, tls


def test_a_box_that_was_shut_out_says_nothing_more_and_does_not_come_back(
    site: Site, join: Callable[..., Client], wait: Wait
) -> None:
    reader, other = join(READER), join(OTHER)
    tls = site.key(BOX, again=True)
    box = join(tls)
    reader.listen()
    box.say(reach(topics.READINGS))
    wait("at first it is heard", lambda: reach(topics.READINGS) in reader.heard)
    site.authority.revoke(BOX, "stolen")
    site.reload()
    reader.heard.clear()

    def shut_out() -> bool:
        reader.heard.clear()
        if box.inside:
            box.say(reach(topics.READINGS))
        other.say(reach(topics.READINGS, box="riverside-2"))
        wait("the other one is heard", lambda: reach(topics.READINGS, box="riverside-2") in reader.heard)
        return reach(topics.READINGS) not in reader.heard

    wait("the broker has read its files again", shut_out)
    wait("it does not come back", lambda: not join(tls).inside)


def test_a_renewed_box_comes_in_without_the_broker_being_told(site: Site, join: Callable[..., Client]) -> None:
    first, second = site.key(BOX, again=True), site.key(BOX, again=True)
    assert join(first).inside
    assert join(second).inside


def test_a_stolen_box_cannot_pass_for_the_broker(
    site: Site, need: Callable[[str, str], str], new_port: Callable[[], int], wait: Wait, caplog
) -> None:
    """Its certificate is of our authority, but only a broker's serves."""
    tls, port = site.key(BOX, again=True), new_port()
    false = site.folder / "false.conf"
    false.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n"
        f"certfile {tls.cert_file}\nkeyfile {tls.key_file}\ncafile {tls.ca_file}\n"
    )
    process = subprocess.Popen([need("mosquitto", "mosquitto"), "-c", str(false)], stderr=subprocess.DEVNULL)
    link = _link(BrokerSettings(port=port, tls=site.key(OTHER, again=True), retry_max_s=1))
    try:
        wait("it runs", lambda: listens(port))
        link.start()
        wait("a line", lambda: any("certificate verify failed" in record.message for record in caplog.records))
        assert not link.connected
    finally:
        link.close(lambda: None)
        process.terminate()
        process.wait(timeout=10)


def test_a_key_that_everybody_may_read_is_refused_before_it_is_used(site: Site) -> None:
    tls = site.key(BOX, again=True)
    Path(str(tls.key_file)).chmod(0o644)
    with pytest.raises(LinkRefused, match=r"is open to every user of this machine \(mode 0644\)"):
        _link(BrokerSettings(port=site.port, tls=tls))


def _link(settings: BrokerSettings) -> Link:
    return Link(
        settings,
        client_id="levee/riverside/riverside-2",
        will=(reach(topics.STATUS, box="riverside-2"), b"{}"),
        topics=(),
        heard=lambda topic, payload, retained: None,
        joined=lambda: None,
    )


def test_our_limits_are_above_a_day_of_one_box() -> None:
    text = (CONFIGS / "mosquitto.conf").read_text()
    limits = dict(line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#"))
    assert int(limits["max_queued_messages"]) >= 86_400
    assert int(limits["max_packet_size"]) >= 2_000_000
    assert limits["persistence"] == "true"


def test_a_box_and_the_service_find_each_other_by_their_certificates(
    site: Site, new_port: Callable[[], int], wait: Wait, tmp_path: Path
) -> None:
    """The box's own link and the whole service: a reading goes up, `recorded` comes back, and a will is heard."""
    zone = ZoneSettings(name="steps", title="Steps", kind=ZoneKind.STEPS, box="riverside-1")
    place = SiteSettings(site="riverside", title="Riverside", responsible="Duty room", zones=(zone,))
    service = ServiceSettings(
        instance="alerting",
        sites=("site.yaml",),
        mqtt=BrokerSettings(port=site.inner, tls=site.key(SERVICE, again=True)),
        record=RecordSettings(url=f"sqlite:///{tmp_path}/record.db"),
        metrics=MetricsSettings(port=new_port()),
        channels={"log": ConsoleChannel()},
    )
    stop, failed = threading.Event(), []

    def serve() -> None:
        try:
            run(service, [place], stop=stop)
        except Exception as error:  # noqa: BLE001 - told by the test below
            failed.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    answers: list[SessionRecorded] = []
    points = tuple(GroundPoint(pixel=(x, y), ground=(x / 9, y / 9)) for x in (0.0, 90.0) for y in (0.0, 90.0))
    box = BoxSettings(
        site="riverside",
        box="riverside-1",
        cameras=(CameraSettings(name="c", source="none.mp4", picture_px=(640, 360), ground_points=points),),
        zones=(edge.settings.ZoneSettings(name="steps", camera="c", polygon=((0, 0), (4, 0), (4, 4))),),
        mqtt=BrokerSettings(port=site.port, tls=site.key(BOX, again=True)),
    )
    session = "5f3a9c0d5f3a9c0d"
    voice = Voice(box, session, {}, answers.extend)
    voice.start()
    try:

        def answered() -> bool:
            assert not failed, failed
            unknown = Instant(zone="steps", age_s=0.1, state=State.UNKNOWN, method="x", reasons=("camera-off",))
            voice.live(
                Readings(
                    version=VERSION,
                    site="riverside",
                    box="riverside-1",
                    session=session,
                    sequence=1,
                    floor=1,
                    sent=datetime.now(UTC),
                    readings=(unknown,),
                )
            )
            return any(one.session == session and one.holds(1) for one in answers)

        wait("the service has recorded it, and the box knows", answered)
    finally:
        voice.close()
        stop.set()
        thread.join(20)
    assert not failed
