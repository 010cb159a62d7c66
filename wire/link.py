"""The link to the broker: MQTT 5, or 3.1.1 where the broker refuses that. Nothing here ever waits for the network.

Each connection is a fresh client: what was under way when one broke is not sent again as if it were new. Whoever needs
a message to arrive keeps it until the other side says that it is recorded.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from wire.broker import BrokerSettings
from wire.secret import open_to_all, secret

_log = logging.getLogger(__name__)

CONNECT_S = 5.0
FIRST_PAUSE_S = 0.5
#: Messages under way at most, unless told otherwise; beyond it `publish` says False.
QUEUE = 1000
#: MQTT 5 refusal "unsupported protocol version", and its number in MQTT 3.1.1.
_UNSUPPORTED = (0x84, 0x01)
#: A client that is not sure of its name leaves it to another for so long after its connection broke.
UNSURE_S = 30.0


class LinkRefused(ValueError):
    """The broker's settings cannot be used; one line."""


class Link:
    """One side at one broker. LinkRefused or SecretMissing where the settings cannot be used.

    `topics` are subscribed to; `heard` gets (topic, payload, retained) and `joined` is called after each connection,
    both in the client's thread. `will`, where there is one, is published by the broker, retained, when the link breaks
    without a farewell.
    While `allowed` says no, nothing is published and no connection is made. While `sure` says no, a connection that
    broke is not made anew for `UNSURE_S`: another client may have taken the name, and two that take it from each other
    would serve nobody.
    Sessions are clean: a broker keeps no readings for a service that is away, because the boxes do.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        *,
        client_id: str,
        will: tuple[str, bytes] | None,
        topics: tuple[str, ...],
        heard: Callable[[str, bytes, bool], None],
        joined: Callable[[], None],
        queue: int = QUEUE,
        allowed: Callable[[], bool] = lambda: True,
        sure: Callable[[], bool] = lambda: True,
    ) -> None:
        self._allowed, self._sure = allowed, sure
        self._broke = -UNSURE_S
        self._settings = settings
        self._client_id = client_id
        self._will = will
        self._topics = topics
        self._heard = heard
        self._joined = joined
        self._queue = queue
        self._password = secret(
            "the broker's password", env=settings.password_from_env, file=settings.password_from_file
        )
        self._tls = _tls_context(settings)
        old = settings.protocol == "3.1.1"
        self._protocol = MQTTProtocolVersion.MQTTv311 if old else MQTTProtocolVersion.MQTTv5
        self._client: mqtt.Client | None = None
        self._ended = threading.Event()
        self._stop = threading.Event()
        self._connected = threading.Event()
        self._last: mqtt.MQTTMessageInfo | None = None
        self._said = ""
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name="levee-link", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def publish(self, topic: str, payload: bytes, *, retained: bool, expiry_s: int | None = None) -> bool:
        """Hand a message to the client, QoS 1; False where there is no connection or too much is under way already."""
        client = self._client
        if client is None or not self._connected.is_set() or not self._allowed():
            return False
        properties = None
        if expiry_s is not None and self._protocol == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = expiry_s
        info = client.publish(topic, payload, qos=1, retain=retained, properties=properties)
        self._last = info
        return info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def close(self, farewell: Callable[[], None], timeout_s: float = 3.0) -> None:
        """Say farewell where there is a connection, let what is under way go out, and end; `timeout_s` at most."""
        end = time.monotonic() + timeout_s
        client = self._client
        self._stop.set()
        if client is not None and self._connected.is_set():
            farewell()
            try:
                if self._last is not None:
                    self._last.wait_for_publish(timeout=timeout_s)
            except (RuntimeError, ValueError):
                _log.warning("broker %s:%d: the farewell did not go out", self._settings.host, self._settings.port)
            client.disconnect()
        self._ended.set()
        self._thread.join(timeout=max(0.1, end - time.monotonic()) + CONNECT_S)

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stop.is_set():
            self._ended.clear()
            self._failure = ""
            stayed = time.monotonic()
            client = self._attempt() if self._may_connect() else None
            if client is not None:
                self._ended.wait()
                self._broke = time.monotonic()
                self._connected.clear()
                client.disconnect()
                client.loop_stop()
                self._client = None
            if self._stop.is_set():
                return
            if time.monotonic() - stayed > 60.0:
                pause_s = FIRST_PAUSE_S
            if self._may_connect():
                self._say(self._failure or "the connection broke")
            self._stop.wait(pause_s)
            pause_s = min(self._settings.retry_max_s, pause_s * 2)

    def _may_connect(self) -> bool:
        return self._allowed() and (self._sure() or time.monotonic() - self._broke >= UNSURE_S)

    def _attempt(self) -> mqtt.Client | None:
        """A client whose loop runs, or None with the failure noted."""
        try:
            client = self._make()
            properties = None
            if self._protocol == MQTTProtocolVersion.MQTTv5:
                properties = Properties(PacketTypes.CONNECT)
                properties.SessionExpiryInterval = 0
            code = client.connect(
                self._settings.host,
                self._settings.port,
                keepalive=self._settings.keepalive_s,
                properties=properties,
                clean_start=True if self._protocol == MQTTProtocolVersion.MQTTv5 else mqtt.MQTT_CLEAN_START_FIRST_ONLY,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self._failure = f"no connection: {reason or type(error).__name__}"
            return None
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._failure = f"no connection: {mqtt.error_string(code)}"
            return None
        self._client = client
        client.loop_start()
        # A peer that accepts and then says nothing must not hold the link for ever.
        timer = threading.Timer(CONNECT_S, self._give_up_unless_connected, args=(client,))
        timer.daemon = True
        timer.start()
        return client

    def _give_up_unless_connected(self, client: mqtt.Client) -> None:
        if self._client is client and not self._connected.is_set() and not self._ended.is_set():
            # A broker that knows no MQTT 5 may wait for the rest of a message that it misreads.
            self._failure = f"no answer to CONNECT within {CONNECT_S:g} s"
            self._fall_back()
            self._ended.set()

    def _make(self) -> mqtt.Client:
        five = self._protocol == MQTTProtocolVersion.MQTTv5
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=self._protocol,
            clean_session=None if five else True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(100)
        client.max_queued_messages_set(self._queue)
        if self._will is not None:
            client.will_set(self._will[0], self._will[1], qos=1, retain=True)
        if self._settings.username is not None:
            client.username_pw_set(self._settings.username, self._password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if client is not self._client and self._client is not None:
            return
        if reason.is_failure:
            self._failure = f"the broker refuses: {reason}"
            if reason.value in _UNSUPPORTED or "protocol version" in str(reason).lower():
                self._fall_back()
            self._ended.set()
            return
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        self._connected.set()
        version = "5" if self._protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1"
        self._say(f"connected, MQTT {version}", level=logging.INFO)
        self._joined()

    def _on_disconnect(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if client is not self._client and self._client is not None:
            return
        if not self._connected.is_set() and not self._failure:
            # A broker that knows no MQTT 5 may simply hang up.
            self._failure = "the broker hangs up on CONNECT"
            self._fall_back()
        self._connected.clear()
        self._ended.set()

    def _fall_back(self) -> None:
        if self._settings.protocol != "auto":
            return
        five = self._protocol == MQTTProtocolVersion.MQTTv5
        self._protocol = MQTTProtocolVersion.MQTTv311 if five else MQTTProtocolVersion.MQTTv5

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "not UTF-8"
        self._heard(topic, bytes(message.payload), message.retain)

    def _say(self, line: str, level: int = logging.WARNING) -> None:
        """Each piece of news once: a broker that stays away is one line, not one for each attempt."""
        if line == self._said:
            return
        self._said = line
        again = "" if level == logging.INFO else "; tried again"
        _log.log(level, "broker %s:%d: %s%s", self._settings.host, self._settings.port, line, again)


def _tls_context(settings: BrokerSettings) -> ssl.SSLContext | None:
    tls = settings.tls
    if tls is None:
        return None
    fault = open_to_all(Path(tls.key_file)) if tls.key_file is not None else ""
    if fault:
        raise LinkRefused(f"the broker's TLS files cannot be used: {fault}")
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file is not None:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except OSError as error:
        # ssl.SSLError is an OSError too; its text may run over several lines.
        reason = error.strerror or "not PEM files"
        raise LinkRefused(f"the broker's TLS files cannot be used: {reason}") from None
    return context
