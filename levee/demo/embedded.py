"""The broker for machines without Mosquitto: `python -m levee.demo.embedded PORT`.

amqtt speaks MQTT 3.1.1 only and forgets what it holds for a client that is away: for the demo, never for a place.
"""

from __future__ import annotations

import asyncio
import signal
import sys


async def serve(port: int) -> None:
    """A broker on the loopback address until SIGTERM or SIGINT."""
    from amqtt.broker import Broker

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


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
