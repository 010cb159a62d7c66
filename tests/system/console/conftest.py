"""A place with a broker, a service, a console and a browser: each the real one, each in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from alerting.console.accounts import Accounts
from alerting.console.roles import Account, Role
from alerting.view import View, decode_view
from wire import (
    Band,
    CameraHealth,
    CameraState,
    Health,
    Instant,
    OutboxHealth,
    Presence,
    Readings,
    State,
    Status,
    encode,
)

ROOT = Path(__file__).parents[3]
QUICK = {"blue_s": 5, "yellow_s": 5, "orange_s": 5, "red_s": 5}
SESSION = "0123456789abcdef"
PASSWORD = "correct-horse-battery"
#: Accounts of the tests: name, what it is called, role, person in the duty file.
ACCOUNTS = (
    ("screen", "Wall screen", Role.VIEW, ""),
    ("wang-fang", "王芳", Role.DUTY, "wang-fang"),
    ("li-wei", "李伟", Role.IN_CHARGE, "li-wei"),
    ("chief", "Chief", Role.ADMIN, "li-wei"),
)
ZONES = {
    "steps": {"title": "Chen Yi steps 陈毅台阶", "kind": "steps", "outline": [[40, 30], [60, 30], [60, 44], [40, 44]]},
    "square": {"title": "Square 陈毅广场", "kind": "flat", "outline": [[20, 44], [80, 44], [80, 70], [20, 70]]},
    "deck": {"title": "Viewing deck 观景平台", "kind": "flat", "outline": [[0, 8], [100, 8], [100, 30], [0, 30]]},
    "underpass": {
        "title": "Underpass 地下通道",
        "kind": "platform",
        "outline": [[80, 44], [100, 44], [100, 70], [80, 70]],
    },
}


class House:
    """`say` is the box; `service` and `console` are processes that a test may kill and start again."""

    def __init__(self, folder: Path, broker_port: int, ports: Callable[[], int], **site: Any) -> None:
        self.folder, self.broker_port = folder, broker_port
        self.state_port, self.port = ports(), ports()
        self.zones: dict[str, dict[str, Any]] = site.pop("zones", ZONES)
        self.console_settings: dict[str, Any] = {
            "port": self.port,
            "accounts": str(folder / "accounts.db"),
            "language": "en",
            "board": {"delay_s": 0, "step_s": 1},
            **site.pop("console", {}),
        }
        self.write(**site)
        self.accounts = Accounts(folder / "accounts.db")
        for name, title, role, person in ACCOUNTS:
            self.accounts.add(Account(name, title, role, person), PASSWORD, time.time())
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.sequence, self.stopped = 0, threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.connected = threading.Event()
        self.client.on_connect = lambda *_: self.connected.set()
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", broker_port)
        self.client.loop_start()
        assert self.connected.wait(10)

    def write(self, **site: Any) -> None:
        duty = {
            "levee": "duty",
            "people": [
                {"name": "wang-fang", "title": "王芳", "reach": [{"channel": "log"}]},
                {"name": "li-wei", "title": "李伟", "reach": [{"channel": "log"}]},
            ],
            "units": [
                {
                    "name": "bund-duty",
                    "title": "Bund duty room",
                    "up": "district",
                    "shifts": [
                        {"name": "day", "begins": "08:00", "ends": "20:00", "teams": [["wang-fang"]]},
                        {"name": "night", "begins": "20:00", "ends": "08:00", "teams": [["wang-fang", "li-wei"]]},
                    ],
                },
                {
                    "name": "district",
                    "title": "Huangpu district",
                    "level": "district",
                    "shifts": [{"name": "all day", "teams": [["li-wei"]]}],
                },
            ],
        }
        whole = {
            "levee": "site",
            "site": "bund",
            "title": "The Bund 外滩",
            "time_zone": "Asia/Shanghai",
            "responsible": "Bund duty room",
            "duty": {"operator": "bund-duty"},
            "plan": {
                "orange": [{"zh": "请地铁跳停", "en": "Ask the metro to skip the stop"}],
                "red": [
                    {"zh": "关闭台阶两端入口", "en": "Close both ends of the steps"},
                    {"zh": "疏导人群向南", "en": "Lead people away to the south"},
                ],
            },
            "zones": [
                {"name": name, "box": "box-1", "windows": QUICK, "fall_s": 30, "stale_s": 5, **zone}
                for name, zone in self.zones.items()
            ],
            **site,
        }
        service = {
            "levee": "service",
            "sites": ["site.yaml"],
            "duty": "duty.yaml",
            "desk": "desk.yaml",
            "mqtt": {"port": self.broker_port},
            "record": {"url": f"sqlite:///{self.folder / 'record.db'}"},
            "metrics": {"port": self.state_port},
            "channels": {"log": {"type": "console"}},
            "tier_expires_s": 6,
            "console": self.console_settings,
        }
        desk = {
            "levee": "desk",
            "plans": [
                {
                    "name": "steps-red",
                    "title": "台阶红色预案",
                    "site": "bund",
                    "zones": ["steps"],
                    "tier": "red",
                    "steps": [
                        {
                            "name": "close",
                            "kind": "close",
                            "zh": "关闭台阶两端入口",
                            "en": "Close both ends of the steps",
                            "owner": "bund-duty",
                            "within_s": 120,
                        },
                        {
                            "name": "officers",
                            "kind": "deploy",
                            "zh": "增派警力到台阶底部",
                            "en": "Send officers to the foot of the steps",
                            "owner": "district",
                            "within_s": 300,
                        },
                    ],
                }
            ],
            "events": [
                {
                    "name": "countdown",
                    "title": "Countdown 跨年倒计时",
                    "kind": "countdown",
                    "site": "bund",
                    "zones": ["steps"],
                    "begins": "2099-12-31 20:00",
                    "ends": "2100-01-01 01:00",
                    "expected": 50_000,
                    "plans": ["steps-red"],
                    "assessment": {"owner": "district"},
                }
            ],
        }
        for name, settings in (("duty", duty), ("desk", desk), ("site", whole), ("service", service)):
            text = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)
            (self.folder / f"{name}.yaml").write_text(text, encoding="utf-8")

    # Processes

    def start(self, *what: str) -> None:
        for name in what or ("alerting", "console"):
            with (self.folder / f"{name}.log").open("ab") as log:
                command = [sys.executable, "-m", "levee", name, "run", str(self.folder / "service.yaml")]
                self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)

    def kill(self, name: str, how: int = signal.SIGKILL) -> int:
        self.processes[name].send_signal(how)
        return self.processes[name].wait(20)

    def pause(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.stopped.set()
        for process in reversed(self.processes.values()):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        self.client.disconnect()
        self.client.loop_stop()
        self.accounts.close()
        if os.environ.get("SHOW_LOG"):
            for name in self.processes:
                print(f"--- {name}\n{(self.folder / f'{name}.log').read_text()}")

    # The service and the console, as programs see them

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def view(self) -> View | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.state_port}/state", timeout=2) as answer:
                return decode_view(answer.read())
        except OSError:
            return None

    def ready(self) -> bool:
        view = self.view()
        try:
            well = httpx.get(f"{self.url}/healthz", timeout=2).text == "ok\n"
        except httpx.HTTPError:
            return False
        return view is not None and view.broker_connected and well

    def log_in(self, name: str) -> httpx.Client:
        """A browser without a screen: its cookie, and the secret of its forms as a header."""
        client = httpx.Client(base_url=self.url, timeout=20)
        answer = client.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        page = client.get("/rota").text
        client.headers["X-CSRF-Token"] = page.split('data-csrf="')[1].split('"')[0]
        return client

    # The box

    def say(self, density: dict[str, float | None]) -> None:
        """One message of the box: density by zone; None where the camera is dark."""
        self.sequence += 1
        readings = tuple(
            Instant(zone=zone, age_s=0.0, state=State.UNKNOWN, method="test", reasons=("dark",))
            if value is None
            else Instant(
                zone=zone,
                age_s=0.0,
                state=State.GOOD,
                method="test",
                count=Band(value=value * 60, low=value * 50, high=value * 72),
                peak_density=Band(value=value, low=value * 0.85, high=value * 1.2),
            )
            for zone, value in density.items()
        )
        message = Readings(
            version=1,
            site="bund",
            box="box-1",
            session=SESSION,
            sequence=self.sequence,
            floor=1,
            sent=datetime.now(UTC),
            readings=readings,
        )
        self.client.publish("levee/v1/bund/box-1/readings", encode(message), qos=1)

    def keep_saying(self, density: dict[str, float | None], every_s: float = 0.5) -> None:
        """The box speaks each half second or so, on a thread, whatever `density` holds by then."""

        def speak() -> None:
            while not self.stopped.wait(every_s):
                self.say(density)

        threading.Thread(target=speak, daemon=True).start()

    def tell_cameras(self, state: CameraState = CameraState.LIVE) -> None:
        now = datetime.now(UTC)
        status = Status(
            version=1,
            site="bund",
            box="box-1",
            session=SESSION,
            state=Presence.ONLINE,
            sent=now,
            versions={"levee": "0.1.0"},
        )
        cameras = (
            CameraHealth(camera="steps-cam", state=CameraState.LIVE, frames=86_400, frame_age_s=0.4),
            CameraHealth(
                camera="square-cam", state=state, reason="", frames=80_211, dropped={"blurred": 12}, frame_age_s=0.7
            ),
        )
        health = Health(
            version=1,
            site="bund",
            box="box-1",
            session=SESSION,
            sent=now,
            cameras=cameras,
            outbox=OutboxHealth(messages=2, oldest_age_s=1.0),
            temperature_c=51.0,
        )
        self.client.publish("levee/v1/bund/box-1/status", encode(status), qos=1, retain=True)
        self.client.publish("levee/v1/bund/box-1/health", encode(health), qos=1, retain=True)

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Entries of the record's chain."""
        from alerting.record.reader import Reader

        reader = Reader(f"sqlite:///{self.folder / 'record.db'}")
        try:
            return [json.loads(link.body) for link in reader.links() if link.kind == kind and link.body]
        finally:
            reader.close()


def _top(request: pytest.FixtureRequest) -> Any:
    """The conftest of all tests: its broker is made for one test, and here one serves many."""
    modules = {str(getattr(one, "__file__", "")): one for one in request.config.pluginmanager.get_plugins()}
    return next(one for file, one in modules.items() if file.endswith("tests/conftest.py"))


@pytest.fixture(scope="module")
def make_house(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[..., House]]:
    """Makes houses on brokers of their own, and ends them with the file."""
    top, made, brokers = _top(request), list[House](), list[Any]()

    def make(**options: Any) -> House:
        folder = tmp_path_factory.mktemp("house")
        (folder / "mosquitto").mkdir()
        brokers.append(top.Mosquitto(folder / "mosquitto"))
        brokers[-1].start()
        made.append(House(folder, brokers[-1].port, top.free_port, **options))
        made[-1].start()
        top.wait_for("everything runs", made[-1].ready, 90)
        return made[-1]

    yield make
    for house in made:
        house.close()
    for one in brokers:
        one.kill()


class Browser:
    """Headless Chromium, with the few gestures that the tests need."""

    def __init__(self, folder: Path, chromium: str, chromedriver: str, size: tuple[int, int] = (1600, 900)) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service

        options = Options()
        options.binary_location = chromium
        for word in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
            "--no-proxy-server",
            "--disable-background-networking",
            "--autoplay-policy=no-user-gesture-required",
            f"--window-size={size[0]},{size[1]}",
            f"--user-data-dir={folder / 'chromium'}",
        ):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(chromedriver))
        self.driver.set_page_load_timeout(30)

    def size(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def open(self, url: str) -> None:
        self.driver.get(url)

    def js(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def text(self, selector: str) -> str:
        return str(self.js("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def there(self, selector: str) -> bool:
        return bool(self.js("return !!document.querySelector(arguments[0])", selector))

    def click(self, selector: str) -> None:
        self.driver.find_element("css selector", selector).click()

    def type(self, selector: str, text: str) -> None:
        found = self.driver.find_element("css selector", selector)
        found.clear()
        found.send_keys(text)

    def log_in(self, house: House, name: str, to: str = "/") -> None:
        self.open(f"{house.url}/login?to={to}")
        self.type("[name=name]", name)
        self.type("[name=password]", PASSWORD)
        self.click("button.main")

    def complaints(self) -> list[str]:
        """What the browser found wrong: errors of scripts, and what the content policy refused."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def picture(self, file: Path) -> None:
        self.driver.save_screenshot(str(file))

    def close(self) -> None:
        self.driver.quit()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory, need: Callable[[str, str], str]) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    # Selenium would otherwise look for a newer driver elsewhere.
    os.environ["SE_OFFLINE"], os.environ["SE_AVOID_STATS"] = "true", "true"
    made = Browser(folder, need("chromium", "chromium"), need("chromedriver", "chromium-driver"))
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """One browser for all tests of a file, each time as if it were new."""
    chromium.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.size(1600, 900)
    chromium.open("about:blank")
    chromium.complaints()
    return chromium
