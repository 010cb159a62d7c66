"""The connection to the broker: MQTT 5 where it speaks it, 3.1.1 otherwise; it comes back by itself."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from alerting.secrets import secret
from alerting.settings import MqttSettings
from wire import topics

log = logging.getLogger("levee.alerting")
SUBSCRIPTIONS = (topics.READINGS, topics.BACKLOG, topics.STATUS, topics.HEALTH)
#: A broker that hangs up this often before it has answered, or says nothing for so long, is taken for one that does
#: not speak MQTT 5. Going over without need does no harm.
HANG_UPS = 2
SILENCE_S = 4.0


class LinkRefused(ValueError):
    """The connection cannot be set up as it is described."""


class Link:
    """`on_message` gets topic, payload and whether it was retained, in the link's own thread; `on_up` has no arguments.

    Sessions are clean: a broker keeps no readings for a service that is away, because the boxes do.
    """

    def __init__(
        self,
        settings: MqttSettings,
        client_id: str,
        will: tuple[str, bytes],
        on_message: Callable[[str, bytes, bool], None],
        on_up: Callable[[], None],
    ) -> None:
        """LinkRefused or SecretMissing with one line."""
        self._settings, self._client_id, self._will = settings, client_id, will
        self._on_message, self._on_up = on_message, on_up
        self._password = secret(
            "the broker's password", env=settings.password_from_env, file=settings.password_from_file
        )
        self._where = f"{settings.host}:{settings.port}"
        self._protocol = MQTTProtocolVersion.MQTTv5
        self._hang_ups = 0
        self._change_protocol = False
        self._told_down = False
        self._opened: float | None = None
        self.up = False
        self._client = self._new_client()

    def _new_client(self) -> mqtt.Client:
        five = self._protocol is MQTTProtocolVersion.MQTTv5
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=self._protocol,
            clean_session=None if five else True,
        )
        client.will_set(self._will[0], self._will[1], qos=1, retain=True)
        if self._settings.username is not None:
            client.username_pw_set(self._settings.username, self._password)
        tls = self._settings.tls
        if tls is not None:
            try:
                context = ssl.create_default_context(cafile=tls.ca_file)
                if tls.cert_file is not None:
                    context.load_cert_chain(tls.cert_file, tls.key_file)
            except (OSError, ssl.SSLError) as error:
                raise LinkRefused(f"the broker's TLS files cannot be used: {error.strerror or error}") from None
            client.tls_set_context(context)
        client.reconnect_delay_set(1, 5)
        client.on_connect = self._connected
        client.on_connect_fail = self._failed
        client.on_disconnect = self._disconnected
        client.on_socket_open = self._socket_opened
        client.on_message = self._message
        return client

    def start(self) -> None:
        """Connect in the background, now or as soon as the broker is there."""
        five = self._protocol is MQTTProtocolVersion.MQTTv5
        self._client.connect_async(
            self._settings.host,
            self._settings.port,
            self._settings.keepalive_s,
            clean_start=True if five else mqtt.MQTT_CLEAN_START_FIRST_ONLY,
            properties=Properties(PacketTypes.CONNECT) if five else None,
        )
        self._client.loop_start()

    def tend(self) -> None:
        """To be called now and then: goes over to MQTT 3.1.1 where the broker does not speak 5."""
        opened, five = self._opened, self._protocol is MQTTProtocolVersion.MQTTv5
        if five and opened is not None and time.monotonic() - opened > SILENCE_S:
            self._change_protocol = True
        if self.up or not self._change_protocol:
            return
        self._change_protocol = False
        log.info("the broker at %s does not speak MQTT 5: going over to 3.1.1", self._where)
        self._client.disconnect()
        self._client.loop_stop()
        self._protocol, self._opened = MQTTProtocolVersion.MQTTv311, None
        self._client = self._new_client()
        self.start()

    def publish(self, topic: str, payload: bytes, retained: bool) -> None:
        """At least once while connected; otherwise dropped, because all of it is said again on connecting."""
        if self.up:
            self._client.publish(topic, payload, qos=1, retain=retained)

    def stop(self) -> None:
        """Say goodbye; what was published before is sent first."""
        self._told_down = True
        self._client.disconnect()
        self._client.loop_stop()
        self.up = False

    def _connected(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._opened = None
        if code.is_failure:
            self._hang_ups += 1
            if self._protocol is MQTTProtocolVersion.MQTTv5 and "protocol" in str(code).lower():
                self._change_protocol = True
                return
            self._down(f"it answered: {code}")
            return
        self._hang_ups = 0
        client.subscribe([(topic.everywhere(), 1) for topic in SUBSCRIPTIONS])
        self.up, self._told_down = True, False
        log.info("connected to the broker at %s with MQTT %s", self._where, _spoken(self._protocol))
        self._on_up()

    def _socket_opened(self, _client: mqtt.Client, _data: object, _socket: object) -> None:
        self._opened = time.monotonic()

    def _failed(self, _client: mqtt.Client, _data: object) -> None:
        self._down("no connection")

    def _disconnected(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._opened = None
        if self.up:
            self.up = False
            self._down(f"the connection ended: {code}" if code.is_failure else "the connection ended")
            return
        self._hang_ups += 1
        if self._protocol is MQTTProtocolVersion.MQTTv5 and self._hang_ups >= HANG_UPS:
            self._change_protocol = True
        self._down("it hung up before it answered")

    def _down(self, why: str) -> None:
        if not self._told_down:
            self._told_down = True
            log.warning("the broker at %s is away (%s); it is tried again, and every tier is held", self._where, why)

    def _message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "not UTF-8"
        self._on_message(topic, bytes(message.payload), message.retain)


def _spoken(protocol: MQTTProtocolVersion) -> str:
    return "5" if protocol is MQTTProtocolVersion.MQTTv5 else "3.1.1"
