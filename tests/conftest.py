"""What every test may use: the folder of data beside the project, Debian's programs, and ports that are free."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Shared machines are slow in fits: how long an example takes says nothing of the code.
settings.register_profile("levee", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("levee")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real pictures and clips; they are no part of the project, which must be whole without them."""
    folder = Path(os.environ.get("LEVEE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no data beside the project: set LEVEE_DATA to its folder ({folder} is not there)")
    return folder


def program(name: str, package: str) -> str:
    """The path of a Debian program; a test that needs it skips where it is absent, and fails under CI."""
    path = shutil.which(name) or next(
        (str(folder / name) for folder in map(Path, ("/usr/sbin", "/usr/local/sbin")) if (folder / name).is_file()),
        None,
    )
    if path is None:
        reason = f"{name} is not installed (Debian package {package})"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; under CI it must be")
        pytest.skip(reason)
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, ready: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Poll until `ready()` is true; AssertionError that names `what` after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout_s:g} s")
        time.sleep(0.05)


def listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


class Mosquitto:
    """A real broker on a free port, which a test may end and start again."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.path = program("mosquitto", "mosquitto")
        self.port = free_port()
        self.folder = folder
        self.config = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", *options]
        self.config.write_text("\n".join(lines) + "\n")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [self.path, "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for("mosquitto listens", lambda: listens(self.port))

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=10)
            self.process = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    server = Mosquitto(folder)
    server.start()
    yield server
    server.kill()


class Postgres:
    """A real PostgreSQL server on a free port of this machine, which a test may end and start again."""

    def __init__(self) -> None:
        found = shutil.which("initdb") or next(
            (str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None
        )
        self.bin = Path(found or program("initdb", "postgresql")).resolve().parent
        self.folder = Path(tempfile.mkdtemp(prefix="levee-pg-", dir="/tmp"))
        # The server refuses to run as root.
        self.user = None
        if os.geteuid() == 0:
            self.user = next((name for name in ("postgres", "nobody") if _known(name)), None)
            shutil.chown(self.folder, self.user)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", self.data, "-U", "levee", "-A", "trust", "-E", "UTF8", "--no-sync")

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://levee@127.0.0.1:{self.port}/{database}"

    def _run(self, name: str, *words: str) -> None:
        subprocess.run(
            [str(self.bin / name), *words], check=True, capture_output=True, user=self.user, cwd="/tmp", timeout=60
        )

    def start(self) -> None:
        options = ("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}")
        self.process = subprocess.Popen(
            [str(self.bin / "postgres"), "-D", self.data, "-p", str(self.port), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.user,
            cwd="/tmp",
        )
        wait_for("PostgreSQL answers", self._ready, 30)

    def _ready(self) -> bool:
        command = [str(self.bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False, timeout=10).returncode == 0

    def database(self, name: str) -> str:
        """The URL of a fresh database."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "levee", name)
        return self.url(name)

    def stop(self, how: int = signal.SIGINT) -> None:
        """SIGINT: at once and in order. SIGQUIT: as after a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=20)
            self.process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def new_port() -> Callable[[], int]:
    return free_port


@pytest.fixture(scope="session")
def wait() -> Callable[..., None]:
    return wait_for


@pytest.fixture(scope="session")
def need() -> Callable[[str, str], str]:
    return program
