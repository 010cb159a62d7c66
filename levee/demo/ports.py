"""TCP ports on the loopback address: the usual one where it is free, any other where it is not."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def free_port(wanted: int | None = None, taken: frozenset[int] = frozenset()) -> int:
    """`wanted` if nothing listens there, else a port that the system picks; never one of `taken`."""
    if wanted is not None and wanted not in taken and _is_free(wanted):
        return wanted
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=0.5):
            return True
    except OSError:
        return False
