"""Files of an authority: written whole or not at all, with their mode from the first byte on, and by one at a time."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from levee.enroll.identity import EnrollRefused


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Put `content` in the place of `path`; whoever reads it meanwhile sees the old file or the new one."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            # A file that was given to another user or group (mosquitto) stays theirs.
            before = path.stat()
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()) and os.geteuid() == 0:
                os.chown(name, before.st_uid, before.st_gid)
            os.chmod(name, before.st_mode & 0o777)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder for this process alone; EnrollRefused where another one has it."""
    try:
        lock = (folder / ".lock").open("w")
    except FileNotFoundError:
        raise EnrollRefused(f"{folder} is no authority: make one with `levee box authority {folder}`") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EnrollRefused(f"{folder}: another command works with this authority just now") from None
        yield
