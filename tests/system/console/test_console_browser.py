"""The console in a real browser beside a real service and broker: what the duty officer sees and does in a night."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Wait = Callable[..., None]
#: Shared machines are slow in fits, and every wait here is for a condition.
pytestmark = pytest.mark.timeout(600)
CALM: dict[str, float | None] = {"steps": 0.8, "square": 0.6, "deck": 0.5, "underpass": 0.4}
AXE = Path(__file__).parent / "axe.min.js"
TILE = "#tiles li:has(a[href='/zones/bund/{}'])"


def tile(browser: Any, zone: str) -> str:
    return str(browser.js("return document.querySelector(arguments[0])?.className ?? ''", TILE.format(zone)))


def words(browser: Any, zone: str) -> str:
    return str(browser.text(TILE.format(zone)))


def colour(browser: Any, zone: str) -> str:
    """What a person sees of a tile: the colour of its background, or that it is hatched."""
    script = """const style = getComputedStyle(document.querySelector(arguments[0]));
    return style.backgroundImage !== 'none' ? 'hatched' : style.backgroundColor"""
    return str(browser.js(script, TILE.format(zone)))


def mark_changes(browser: Any, zone: str) -> None:
    """From now on the page notes when a tile turned red, by the clock of this machine."""
    browser.js(
        """const item = document.querySelector(arguments[0]); window.turned = null;
        new MutationObserver(() => {
          if (item.className.includes('red') && window.turned === null) window.turned = Date.now();
        }).observe(item, { attributes: true });""",
        TILE.format(zone),
    )


@pytest.fixture(scope="module")
def shared(make_house: Callable[..., Any]) -> Any:
    """One house for the tests of this file; the box says whatever `density` holds."""
    house = make_house()
    house.density = dict(CALM)
    house.keep_saying(house.density)
    return house


@pytest.fixture
def house(shared: Any, wait: Wait) -> Any:
    """The house, with a calm crowd and everything running."""
    shared.density.update(CALM)
    wait("everything runs", shared.ready, 60)
    return shared


def test_a_night_at_the_wall(house: Any, browser: Any, wait: Wait) -> None:
    density = house.density

    # Log in: a wrong password first.
    browser.open(f"{house.url}/")
    assert browser.there("[name=password]")
    browser.type("[name=name]", "wang-fang")
    browser.type("[name=password]", "not-the-password")
    browser.click("button.main")
    wait("it is refused", lambda: "wrong" in browser.text("[role=alert]"), 90)
    browser.log_in(house, "wang-fang")
    wait("the wall is live", lambda: "normal" in tile(browser, "steps") and "blind" not in tile(browser, "steps"), 90)
    wait("the service is well", lambda: browser.text("#health") == "Service well", 90)
    wait("the plan", lambda: browser.there(".plans polygon.area.normal"), 90)

    # Watch a zone go red. The bench measures how quickly; here it only has to be told by push, before any poll could.
    browser.click("#sound")
    mark_changes(browser, "steps")
    density["steps"] = 4.5
    wait("the service says red", lambda: (view := house.view()) and view.zones[0].tier.value == "red", 90)
    wait("the wall shows red", lambda: " red" in tile(browser, "steps"), 90)
    assert browser.js("return window.turned") is not None
    assert "Red I" in words(browser, "steps")
    assert browser.js("return document.querySelector('#tiles li').innerText").startswith("Chen Yi steps"), (
        "the worst first"
    )
    assert browser.js("return window.rung ?? 0") >= 2, "it rang once to be tried, and for the tier"
    assert "Chen Yi steps" in browser.js("return document.getElementById('alarm').textContent")
    assert "1 red" in browser.text("#summary")
    wait("who is called", lambda: "calling" in words(browser, "steps"), 90)

    # Acknowledge.
    browser.click(TILE.format("steps") + " a")
    wait("the button", lambda: browser.there("#acknowledge"), 90)
    wait("the chart", lambda: browser.js("return window.charted ?? 0") > 0, 90)
    browser.js("document.getElementById('acknowledge').scrollIntoView({block: 'center'})")
    browser.click("#acknowledge")
    wait("it is in hand", lambda: "王芳 has it" in browser.text("#hand"), 90)
    assert house.view().incidents[0].acknowledged_by == "wang-fang"
    browser.open(f"{house.url}/incidents")
    assert "Acknowledged" in browser.text("#list")

    # Tick a step of the plan.
    browser.open(f"{house.url}/zones/bund/steps")
    wait("the steps of the plan", lambda: "Close both ends" in browser.text("#tasks"), 90)
    browser.js("document.querySelector('#tasks form button').scrollIntoView({block: 'center'})")
    browser.click("#tasks form button")
    wait("it is done", lambda: "王芳" in browser.text("#tasks"), 90)

    # The camera goes dark: hatched, held, and no figures.
    browser.open(f"{house.url}/")
    density["square"] = None
    wait("unknown", lambda: "blind" in tile(browser, "square"), 90)
    assert colour(browser, "square") == "hatched"
    assert "Unknown" in words(browser, "square")
    assert "persons" not in words(browser, "square")

    # A role that may change a threshold does.
    browser.open(f"{house.url}/settings")
    assert not browser.there("[data-open=change]"), "role duty may not"
    browser.js("document.querySelector('form[action=\"/logout\"]').submit()")
    wait("logged out", lambda: browser.there("[name=password]"), 90)
    browser.log_in(house, "li-wei", "/settings")
    wait("the page", lambda: browser.there("[data-open=change]"), 90)
    browser.click("[data-send*='/deck/thresholds']")
    browser.type("[name='levels.red']", "1.0")
    browser.type("[name=reason]", "<b>fence</b>")
    browser.click("dialog button.main")
    wait("it is refused", lambda: "rise" in browser.text("dialog output"), 90)
    browser.type("[name='levels.red']", "4.5")
    browser.click("dialog button.main")
    wait(
        "it counts",
        lambda: (
            house.view().zones and any(one.zone == "deck" and one.thresholds.red == 4.5 for one in house.view().zones)
        ),
        15,
    )
    wait("it is told", lambda: "li-wei (<b>fence</b>)" in browser.text("#list"), 90)
    assert not browser.complaints() or all("401" in one or "409" in one or "422" in one for one in browser.complaints())


def test_a_lost_connection_is_shown_and_no_old_green_stays(house: Any, browser: Any, wait: Wait) -> None:
    browser.log_in(house, "screen")
    wait("the wall is live", lambda: browser.there("#tiles li") and colour(browser, "steps") != "hatched", 90)
    browser.js("window.still = true")

    def lost() -> bool:
        return colour(browser, "steps") == "hatched" and "No link" in words(browser, "steps")

    # The console hangs: the socket stays open, and nothing comes.
    house.pause("console")
    wait("the loss is shown", lost, 90)
    assert "lost" in browser.text("#lost").lower()
    assert browser.js(
        "return [...document.querySelectorAll('#tiles li')].every((one) => one.className.includes('blind'))"
    )
    house.go_on("console")
    wait("it comes back", lambda: colour(browser, "steps") != "hatched", 90)
    assert browser.js("return document.getElementById('lost').hidden")

    # The console dies, and another one begins.
    house.kill("console", signal.SIGKILL)
    wait("the loss is shown", lost, 90)
    house.start("console")
    wait("it comes back", lambda: colour(browser, "steps") != "hatched", 60)
    assert browser.js("return window.still"), "without a new page, and with the session that it had"

    # The service hangs: the console says so, and what it said is no longer shown as if it were so.
    house.pause("alerting")
    wait("the loss is shown", lost, 90)
    assert "does not answer" in browser.text("#health")
    house.go_on("alerting")
    wait("it comes back", lambda: colour(browser, "steps") != "hatched", 90)

    # The session is ended from elsewhere: nothing more is shown.
    from alerting.console.sessions import Sessions
    from alerting.console.settings import ConsoleSettings

    Sessions(house.accounts, ConsoleSettings()).end_all("screen")
    wait("it asks to log in", lambda: browser.there("[name=password]"), 60)


def test_a_browser_whose_clock_is_wrong_shows_the_right_time(house: Any, browser: Any, wait: Wait) -> None:
    for offset_h in (-26, 700_000):
        wrong = f"""const real = Date; const by = {offset_h * 3_600_000};
        Date = class extends real {{
          constructor(...given) {{ if (given.length) super(...given); else super(real.now() + by); }}
          static now() {{ return real.now() + by; }}
        }};"""
        made = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": wrong})
        try:
            browser.log_in(house, "screen")
            wait("the wall is live", lambda: browser.there("#tiles li") and colour(browser, "steps") != "hatched", 90)
            assert abs(browser.js("return Date.now()") / 1000 - time.time()) > 3600, "the clock is wrong"
            browser.js("window.watched = performance.now()")
            wait("time goes on", lambda: browser.js("return performance.now() - window.watched") > 4500, 90)
            assert colour(browser, "steps") != "hatched"
            shown = browser.js("return Date.parse(document.getElementById('clock').dateTime)") / 1000
            assert abs(shown - time.time()) < 30
        finally:
            browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", made)


def test_every_page_can_be_used_by_everybody(house: Any, browser: Any, wait: Wait) -> None:
    """axe-core finds nothing against WCAG 2.1 A and AA on any page, in both themes, on the wall as on a telephone."""
    house.tell_cameras()
    house.density.update({"deck": 2.4, "square": 6.0, "underpass": None})
    browser.log_in(house, "chief")
    wait("the wall", lambda: " red" in tile(browser, "square"), 90)
    faults: list[str] = []
    pages = (
        "/",
        "/zones/bund/steps",
        "/desk",
        "/incidents",
        "/rota",
        "/silences",
        "/settings",
        "/cameras",
        "/accounts",
        "/board",
    )
    looks = [(page, theme, 1600) for page in pages for theme in ("dark", "bright")] + [
        ("/", "bright", 390),
        ("/settings", "dark", 390),
    ]
    for page, theme, width in looks:
        browser.size(width, 900)
        browser.open(f"{house.url}/prefer?theme={theme}&to={page}")
        if page == "/":
            wait("the wall", lambda: browser.there("#tiles li.red"), 90)
        if page.startswith("/zones"):
            wait("the chart", lambda: browser.js("return window.charted ?? 0") > 0, 90)
        faults += [f"{page} {theme} {width}: {fault}" for fault in axe(browser)]
        wide = browser.js("return document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{page} at {width}: wider than the screen by {wide}"
    browser.open(f"{house.url}/login")
    faults += axe(browser)
    assert not faults, "\n".join(faults)
    keyboard(browser, house, wait)


def axe(browser: Any) -> list[str]:
    browser.js(AXE.read_text(encoding="utf-8"))
    found = browser.driver.execute_async_script(
        """const done = arguments[arguments.length - 1];
        axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })
          .then((told) => done(told.violations.map(
            (one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`)));"""
    )
    return list(found)


def keyboard(browser: Any, house: Any, wait: Wait) -> None:
    """From the page's begin to a zone by the keyboard alone, with the focus to be seen on the way."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.size(1600, 900)
    browser.log_in(house, "wang-fang")
    wait("the wall", lambda: " red" in tile(browser, "square"), 90)
    reached = []
    for _ in range(40):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        reached.append(browser.js("const at = document.activeElement; return at.getAttribute('href') ?? at.id"))
        outline = browser.js("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"the focus on {reached[-1]} cannot be seen"
        if browser.js("return !!document.activeElement.closest('#tiles')") and reached[-1].endswith("/square"):
            break
    assert reached[0] == "#main", "the first stop skips the menu"
    assert reached[-1] == "/zones/bund/square"
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    wait("the zone", lambda: browser.there("#acknowledge"), 90)
    browser.js("document.getElementById('acknowledge').focus()")
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    wait("it is in hand", lambda: "has it" in browser.text("#hand"), 90)


def test_a_thousand_zones_and_html_in_their_names(make_house: Any, browser: Any, wait: Wait) -> None:
    nasty = "<script>window.pwned=1</script><img src=x onerror='window.pwned=1'>"
    zones = {
        f"z{number}": {
            "title": f"{nasty} {number}",
            "kind": "flat",
            "outline": [[number % 40, number // 40], [number % 40 + 1, number // 40], [number % 40, number // 40 + 1]],
        }
        for number in range(1000)
    }
    house = make_house(zones=zones)
    house.keep_saying(dict.fromkeys(zones, 0.5) | {"z777": 6.0})
    wait("red", lambda: (view := house.view()) and view.zones[0].tier.value == "red", 60)
    browser.log_in(house, "screen")
    wait("the wall", lambda: browser.js("return document.querySelectorAll('#tiles li').length") == 1000, 60)
    wait(
        "the worst first",
        lambda: "z777" in browser.js("return document.querySelector('#tiles a').getAttribute('href')"),
        30,
    )
    assert browser.js("return window.pwned") is None
    assert browser.js("return document.querySelectorAll('#tiles img, #tiles script, svg script').length") == 0
    assert nasty.split()[0] in browser.js("return document.querySelector('#tiles .title').textContent")
