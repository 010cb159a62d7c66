"""`levee calibrate` as a process, and a real browser that an installer's hand moves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


class Page:
    """The page of one source in headless Chromium; pixels are those of the camera's picture."""

    def __init__(self, folder: Path, chromium: str, chromedriver: str) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service

        os.environ["SE_OFFLINE"], os.environ["SE_AVOID_STATS"] = "true", "true"
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
            "--lang=en",
            "--window-size=1600,1000",
            f"--user-data-dir={folder / 'chromium'}",
        ):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(chromedriver))
        self.driver.set_page_load_timeout(60)
        self.process: subprocess.Popen[str] | None = None

    def start(self, *words: str, cwd: Path) -> None:
        """Run the command and open the address that it prints."""
        command = [sys.executable, "-m", "levee", "calibrate", *words, "--port", "0"]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd, env=env, text=True
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        found = re.search(r"http://\S+", said)
        assert found, said
        self.url = found[0]
        self.driver.get(self.url)
        self.until("the page is ready", lambda: self.js("return document.body.dataset.ready"))

    def stop(self) -> int | None:
        if self.process is None:
            return None
        self.process.terminate()
        status = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return status

    def close(self) -> None:
        self.driver.quit()
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            assert self.process.stdout is not None
            self.process.stdout.close()

    def until(self, what: str, ready: Callable[[], Any], timeout_s: float = 40) -> Any:
        end = time.monotonic() + timeout_s
        while not (found := ready()):
            assert time.monotonic() < end, f"{what}: not within {timeout_s:g} s; status: {self.status()}"
            time.sleep(0.05)
        return found

    def js(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def all(self, selector: str) -> list[Any]:
        return list(self.driver.find_elements("css selector", selector))

    def click(self, selector: str) -> None:
        self.driver.find_element("css selector", selector).click()

    def text(self, selector: str) -> str:
        return str(self.js("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def status(self) -> str:
        return self.text("#status")

    def type(self, selector: str, words: object) -> None:
        field = self.driver.find_element("css selector", selector)
        self.js("arguments[0].focus(); arguments[0].select()", field)
        field.send_keys(str(words))

    def settled(self) -> None:
        """Everything that was asked of the server is answered."""
        self.until("judged", lambda: self.js("return !document.body.dataset.asking"))

    def _there(self, pixel: tuple[float, float]) -> Any:
        """A hand over a pixel of the camera's picture."""
        from selenium.webdriver import ActionChains

        canvas = self.driver.find_element("id", "frame")
        self.js("arguments[0].scrollIntoView({block: 'nearest'})", canvas)
        box = self.js("const b = arguments[0].getBoundingClientRect(); return [b.x, b.y, b.width]", canvas)
        share = box[2] / self.width
        act = ActionChains(self.driver, duration=0)
        act.w3c_actions.pointer_action.move_to_location(
            round(box[0] + pixel[0] * share), round(box[1] + pixel[1] * share)
        )
        return act

    width = 640

    def press(self, *pixels: tuple[float, float]) -> None:
        for pixel in pixels:
            self._there(pixel).click().perform()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        act = self._there(start).click_and_hold()
        box = self.js("const b = document.getElementById('frame').getBoundingClientRect(); return [b.x, b.y, b.width]")
        share = box[2] / self.width
        for part in (0.5, 1.0):
            at = [s + (e - s) * part for s, e in zip(start, end, strict=True)]
            act.w3c_actions.pointer_action.move_to_location(
                round(box[0] + at[0] * share), round(box[1] + at[1] * share)
            )
        act.release().perform()

    def keys(self, *words: str) -> None:
        from selenium.webdriver import ActionChains

        act = ActionChains(self.driver, duration=0)
        for word in words:
            act.send_keys(word)
        act.perform()

    def undo(self) -> None:
        from selenium.webdriver import ActionChains
        from selenium.webdriver.common.keys import Keys

        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()

    def complaints(self) -> list[str]:
        """What the browser found wrong: errors of scripts, and what the content policy refused."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def picture(self, file: Path) -> None:
        self.driver.save_screenshot(str(file))


@pytest.fixture
def page(tmp_path: Path, need: Callable[[str, str], str]) -> Iterator[Page]:
    folder = tmp_path / "browser"
    folder.mkdir()
    made = Page(folder, need("chromium", "chromium"), need("chromedriver", "chromium-driver"))
    yield made
    made.close()
