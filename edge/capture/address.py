"""What a source is, what it may be called in a log, and why an address gives no stream.

This is the one place that redacts credentials: every line about a source goes through `redact`.
"""

from __future__ import annotations

import enum
import os
import re
import socket
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

from edge.capture.frame import SourceRefused
from edge.settings import CameraSettings
from wire.secret import open_to_all

_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# The user and password up to the last '@': rather too much is hidden than a part of one that holds '@' or '/'.
_PARTS = re.compile(
    r"^(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<user>.*@)?(?P<host>[^/?#;]*)(?P<first>/[^/?#;]*)?(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_SAYS_MORE = frozenset("=:&@%")
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935}
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


class SourceKind(enum.Enum):
    """How a source is read."""

    PICTURE = "picture"
    FOLDER = "folder"
    CLIP = "clip"
    USB = "usb"
    STREAM = "stream"

    @property
    def live(self) -> bool:
        """Whether its pictures come when they please."""
        return self in (SourceKind.USB, SourceKind.STREAM)


def redact(source: str | int) -> str:
    """`source` as it may be shown: of an address the scheme, host, port and the first part of its path.

    Cameras take passwords in so many ways, in the query and in the path itself, that the rest is never shown.
    """
    if isinstance(source, int):
        return f"USB camera {source}"
    parts = _PARTS.match(source)
    if parts is None:
        return source
    first = parts["first"] or ""
    if _SAYS_MORE & set(first):
        first = "/***"
    elif len(parts["rest"]) > 1:
        first += "/***" if parts["rest"].startswith("/") else parts["rest"][0] + "***"
    return f"{parts['scheme']}{'***@' if parts['user'] else ''}{parts['host']}{first}"


def identify(source: str | int) -> SourceKind:
    """What kind of source it is; SourceRefused where a file or device is not there."""
    if isinstance(source, int):
        if not Path(f"/dev/video{source}").exists():
            raise SourceRefused(f"{redact(source)}: /dev/video{source} is not there")
        return SourceKind.USB
    if _URL.match(source):
        scheme = source.split(":", 1)[0].lower()
        if scheme not in _PORTS:
            known = ", ".join(sorted(_PORTS))
            raise SourceRefused(f"{redact(source)}: an address must begin with one of {known}")
        return SourceKind.STREAM
    path = Path(source)
    if path.is_dir():
        return SourceKind.FOLDER
    if not path.exists():
        raise SourceRefused(f"{source}: no such file or folder")
    if not os.access(path, os.R_OK):
        raise SourceRefused(f"{source}: the file may not be read by this user")
    return SourceKind.PICTURE if path.suffix.lower() in PICTURES else SourceKind.CLIP


def resolve(camera: CameraSettings) -> str | int:
    """The source of a camera, from its settings, the environment or a file; SourceRefused where that is empty."""
    if camera.source is not None:
        return camera.source
    if camera.source_from_env is not None:
        found = os.environ.get(camera.source_from_env, "").strip()
        where = f"the environment variable {camera.source_from_env}"
    else:
        path = Path(camera.source_from_file or "")
        fault = open_to_all(path)
        if fault:
            raise SourceRefused(f"camera {camera.name}: `source_from_file`: {fault}")
        try:
            found = path.read_text(encoding="utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise SourceRefused(f"camera {camera.name}: `source_from_file` {path}: {reason}") from None
        where = f"the file {path}"
    if not found:
        raise SourceRefused(f"camera {camera.name}: {where} holds no source")
    return int(found) if found.isdigit() else found


def diagnose(address: str, timeout_s: float) -> str:
    """Why `address` gave no stream, in a few words; takes `timeout_s` at most.

    Asks once by hand (RTSP OPTIONS or HTTP GET) and looks at the first bytes of the answer.
    """
    parts = urlsplit(address)
    scheme = parts.scheme.lower()
    try:
        port = parts.port or _PORTS[scheme]
    except ValueError:
        return "the port of the address is not a number"
    host = parts.hostname or ""
    end = time.monotonic() + timeout_s
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as raw:
            raw.settimeout(max(0.1, end - time.monotonic()))
            connection = _secured(raw, host) if scheme in ("https", "rtsps") else raw
            connection.settimeout(max(0.1, end - time.monotonic()))
            path = parts.path or "/"
            if scheme.startswith("rtsp"):
                ask = f"OPTIONS {scheme}://{host}:{port}{path} RTSP/1.0\r\nCSeq: 1\r\n\r\n"
            else:
                query = f"?{parts.query}" if parts.query else ""
                ask = f"GET {path}{query} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            connection.sendall(ask.encode())
            answer = _first_bytes(connection, end)
    except TimeoutError:
        return f"no answer within {timeout_s:.0f} s"
    except ConnectionRefusedError:
        return f"{host} refuses connections on port {port}"
    except socket.gaierror:
        return f"the name {host} is not known"
    except OSError as error:
        return f"no connection to {host}, port {port}: {error.strerror or error}"
    return _meaning(answer)


def _secured(raw: socket.socket, host: str) -> socket.socket:
    context = ssl.create_default_context()
    # Only the kind of answer is looked at; nothing that is sent here is secret.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(raw, server_hostname=host)


def _first_bytes(connection: socket.socket, end: float) -> bytes:
    answer = b""
    while len(answer) < 1024 and b"\r\n\r\n" not in answer:
        connection.settimeout(max(0.1, end - time.monotonic()))
        more = connection.recv(1024)
        if not more:
            break
        answer += more
        if time.monotonic() > end:
            break
    return answer


def _meaning(answer: bytes) -> str:
    head = answer[:1024].lower()
    first = answer.split(b"\r\n", 1)[0][:80].decode("latin-1")
    if b"text/html" in head or b"<html" in head or b"<!doctype" in head:
        return "it answers with a web page (HTML), not a video stream"
    if b" 401 " in head[:40] or b" 403 " in head[:40]:
        return "it asks for a user name and password, or refuses those given"
    if b" 404 " in head[:40]:
        return "it has no stream of that name (404)"
    if not answer:
        return "it closed the connection without an answer"
    if not head.startswith((b"rtsp/", b"http/")):
        return "it does not answer as a video stream does"
    return f"its answer ({first}) is not followed by a picture that can be read"
