"""The demo's console, where the extra `console` is installed: one more child, that the rest never needs."""

from __future__ import annotations

import importlib.util
import os
import secrets
import threading
import time
import webbrowser
from contextlib import suppress

from levee.demo.children import Child
from levee.demo.plan import Plan

NAME = "demo"
NEEDED = ("argon2", "fastapi", "jinja2", "websockets")


def installed() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


class DemoConsole:
    """An account for this run alone, and the process. What goes wrong here is a line on the screen, and no more."""

    def __init__(self, plan: Plan, child: Child) -> None:
        self.child, self._plan = child, plan
        self._password = secrets.token_urlsafe(9)
        self.fault = ""

    def start(self) -> None:
        from alerting.console.accounts import Accounts
        from alerting.console.roles import Account, Role
        from alerting.console.run import accounts_of

        try:
            accounts: Accounts = accounts_of(self._plan.service)
            accounts.add(Account(NAME, "Demo", Role.ADMIN, self._plan.person), self._password, time.time())
            accounts.close()
            self.child.start()
        except (OSError, ValueError) as error:
            self.fault = str(error)

    @property
    def address(self) -> str:
        console = self._plan.service.console
        return f"http://{console.host}:{console.port}" if console is not None else ""

    @property
    def where(self) -> tuple[tuple[str, str], ...]:
        """Where it is, and how one gets in."""
        if not self.fault and self.child.ended is not None:
            self.fault = f"it ended: {self.child.last_words()}"
        if self.fault:
            return (("no console", self.fault),)
        return ((f"console (name {NAME}, password {self._password})", self.address),)

    def show(self) -> None:
        """Open it in the browser of a desktop, once it listens; nothing where there is none."""
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
            threading.Thread(target=self._open, name="browser", daemon=True).start()

    def _open(self) -> None:
        from levee.demo.ports import listens

        end = time.monotonic() + 30
        while time.monotonic() < end and self.child.ended is None:
            if listens(int(self.address.rsplit(":", 1)[1])):
                with suppress(Exception):
                    webbrowser.open(self.address)
                return
            time.sleep(0.3)
