"""The broker for machines without Mosquitto: `python -m levee.demo.embedded PORT`.

amqtt speaks MQTT 3.1.1 only and forgets what it holds for a client that is away: for the demo, never for a place.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

#: MQTT 3.1.1 in the protocol's own count.
_KNOWN_LEVEL = 4


async def serve(port: int) -> None:
    """A broker on the loopback address until SIGTERM or SIGINT."""
    from amqtt.broker import Broker
    from amqtt.mqtt.connect import ConnectPacket

    ConnectPacket.PAYLOAD = _any_version()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await broker.start()
    await stop.wait()
    await broker.shutdown()


def _any_version() -> type:
    """The payload of CONNECT as amqtt reads it, but for MQTT 5, whose will it takes for garbage.

    It then hangs up without a word, and a client cannot know that 3.1.1 would be welcome. Left unread, the version is
    refused as it should be.
    """
    from amqtt.mqtt.connect import ConnectPayload

    class AnyVersion(ConnectPayload):
        __slots__ = ()

        @classmethod
        async def from_stream(cls, reader: object, fixed_header: object, variable_header: Any) -> object:
            if variable_header is not None and variable_header.proto_level != _KNOWN_LEVEL:
                return cls(client_id="unread", will_topic="unread", will_message=b"")
            return await super().from_stream(reader, fixed_header, variable_header)

    return AnyVersion


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
