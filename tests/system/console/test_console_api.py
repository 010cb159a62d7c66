"""The console over HTTP beside a real service: who gets in, what each role may, and that nothing breaks or leaks."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

Wait = Callable[..., None]
ZONES = {
    "steps": {"title": "Steps", "kind": "steps"},
    "square": {"title": "Square", "kind": "flat"},
    "deck": {"title": "Deck", "kind": "flat"},
}
PAGES = ("/desk", "/incidents", "/rota", "/silences", "/settings", "/cameras")
NASTY = "<img src=x onerror=alert(1)>\"'&{{7*7}}"


@pytest.fixture(scope="module")
def place(make_house: Callable[..., Any]) -> Any:
    """One house for all of this file: each test leaves it as it was."""
    house = make_house(zones={**ZONES, "nasty": {"title": NASTY, "kind": "flat"}}, title=NASTY)
    house.density = {"steps": 0.5, "square": 0.4, "deck": 0.3, "nasty": 0.1}
    house.keep_saying(house.density)
    house.tell_cameras()
    return house


@pytest.fixture(scope="module")
def people(place: Any) -> dict[str, httpx.Client]:
    return {name: place.log_in(name) for name in ("screen", "wang-fang", "li-wei", "chief")}


def seen(place: Any, zone: str, name: str = "steps") -> bool:
    view = place.view()
    return any(one.zone == name and one.tier.value == zone for one in view.zones) if view else False


# In and out


def test_nobody_sees_anything_without_a_log_in(place: Any) -> None:
    with httpx.Client(base_url=place.url) as nobody:
        for path in (
            "/",
            "/zones/bund/steps",
            "/incidents",
            "/rota",
            "/silences",
            "/settings",
            "/cameras",
            "/accounts",
        ):
            answer = nobody.get(path)
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/login"), path
            assert "steps" not in answer.text
        for path in ("/api/v1/zones", "/api/v1/incidents", "/api/v1/accounts", "/api/v1/me"):
            assert nobody.get(path).status_code == 401, path
        assert nobody.get("/api/v1/openapi.json").status_code == 200, "a document that everybody may read"
        assert nobody.get("/board").status_code == 200
        assert nobody.get("/static/console.css").status_code == 200


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "a" * 43, "../../../../etc/passwd", "%00", "0" * 5000, "' OR '1'='1"],
)
def test_forged_sessions_are_nobody(place: Any, cookie: str) -> None:
    answer = httpx.get(f"{place.url}/api/v1/me", headers={"Cookie": f"levee-session={cookie}"})
    assert answer.status_code == 401
    for header in (f"Bearer {cookie}x", f"Bearer levee_{cookie}", f"Basic {cookie}x", "Bearer"):
        assert httpx.get(f"{place.url}/api/v1/me", headers={"Authorization": header}).status_code == 401


def test_a_session_ends_when_somebody_logs_out_and_its_cookie_is_worth_nothing_then(place: Any) -> None:
    client = place.log_in("screen")
    cookie = client.cookies["levee-session"]
    assert client.post("/logout", data={"csrf": "wrong"}).status_code == 403, "no other page logs somebody out"
    assert client.get("/api/v1/me").status_code == 200
    answer = client.post("/logout", data={"csrf": client.headers["X-CSRF-Token"]})
    assert answer.status_code == 303
    assert httpx.get(f"{place.url}/api/v1/me", headers={"Cookie": f"levee-session={cookie}"}).status_code == 401


def test_the_cookie_is_for_the_console_alone(place: Any) -> None:
    answer = httpx.post(f"{place.url}/login", data={"name": "screen", "password": "correct-horse-battery"})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    for name in ("content-security-policy", "x-content-type-options", "x-frame-options"):
        assert name in answer.headers
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\r\nX: y"]
)
def test_a_log_in_leads_nowhere_else(place: Any, to: str) -> None:
    form = {"name": "screen", "password": "correct-horse-battery", "to": to}
    answer = httpx.post(f"{place.url}/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_guessing_is_slowed_down_and_recorded(place: Any, wait: Wait) -> None:
    answers = [httpx.post(f"{place.url}/login", data={"name": "guessed", "password": "x" * 12}) for _ in range(7)]
    assert [one.status_code for one in answers[:5]] == [401] * 5
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    wait("it is in the record", lambda: any(row["did"] == "log-in failed" for row in place.rows("console")), 90)
    assert "guessed" not in str(place.rows("console")), "what stands in the field of the name may be a password"


# Roles and forgery


def test_each_role_may_what_it_may(place: Any, people: dict[str, httpx.Client]) -> None:
    silence = {"site": "bund", "zone": "deck", "reason": "market", "hours": 1, "ceiling": "yellow"}
    thresholds = {"levels": {"blue": 1, "yellow": 2, "orange": 3, "red": 4}, "reason": "a fence"}
    asks: list[tuple[str, str, dict[str, Any], str]] = [
        ("POST", "/api/v1/incidents/abc/acknowledge", {"alarm": 0}, "duty"),
        ("POST", "/api/v1/silences", silence, "duty"),
        ("DELETE", "/api/v1/silences/abc", {}, "duty"),
        ("PUT", "/api/v1/zones/bund/deck/thresholds", thresholds, "in-charge"),
        ("POST", "/api/v1/accounts", {}, "admin"),
        ("GET", "/api/v1/accounts", {}, "admin"),
        ("GET", "/api/v1/tokens", {}, "admin"),
        ("PATCH", "/api/v1/accounts/screen", {"role": "admin"}, "admin"),
        ("POST", "/api/v1/accounts/screen/tokens", {"title": "x"}, "admin"),
    ]
    order = {"screen": 0, "wang-fang": 1, "li-wei": 2}
    needs = {"duty": 1, "in-charge": 2, "admin": 3}
    for method, path, body, role in asks:
        for name, level in order.items():
            if level < needs[role]:
                answer = people[name].request(method, path, json=body)
                assert answer.status_code == 403, (name, method, path, answer.text)
    orange = people["wang-fang"].post("/api/v1/silences", json={**silence, "ceiling": "orange"})
    assert orange.status_code == 403
    red = people["chief"].post("/api/v1/silences", json={**silence, "ceiling": "red"})
    assert red.status_code == 422, "nobody silences a red"


def test_a_page_of_somebody_else_changes_nothing(place: Any, people: dict[str, httpx.Client]) -> None:
    path, body = "/api/v1/silences", {"site": "bund", "reason": "x", "hours": 1}
    mine = people["wang-fang"]
    for headers in (
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": people["li-wei"].headers["X-CSRF-Token"]},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert mine.post(path, json=body, headers=headers).status_code == 403, headers
    assert mine.get("/api/v1/silences").json()["items"] == []


# What is asked for, really happens


def test_a_change_of_thresholds_counts_at_once_and_is_recorded(
    place: Any, people: dict[str, httpx.Client], wait: Wait
) -> None:
    path = "/api/v1/zones/bund/deck/thresholds"
    levels = {"blue": 1.0, "yellow": 2.0, "orange": 3.0, "red": 4.0}
    answer = people["li-wei"].put(path, json={"levels": levels, "reason": NASTY})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "changed")
    zone = next(one for one in place.view().zones if one.zone == "deck")
    assert (zone.thresholds.blue, zone.thresholds.red) == (1.0, 4.0)
    page = people["screen"].get("/settings").text
    assert "<img src=x" not in page
    assert "li-wei (&lt;img" in page
    falling = {"levels": {**levels, "red": 1.5}, "reason": "x"}
    assert people["li-wei"].put(path, json=falling).status_code == 422
    wait("it is in the journal", lambda: any(row["did"] == "thresholds" for row in place.rows("console")), 90)
    (told,) = place.rows("threshold")
    assert ["density.red", "5", "4"] in told["changes"]


def test_an_incident_is_taken_in_hand_once(place: Any, people: dict[str, httpx.Client], wait: Wait) -> None:
    place.density["steps"] = 4.5
    wait("red", lambda: seen(place, "red"), 90)
    wait("the incident is recorded", lambda: people["screen"].get("/api/v1/incidents").json()["items"], 90)
    incident = people["screen"].get("/api/v1/incidents", params={"state": "open"}).json()["items"][0]
    path = f"/api/v1/incidents/{incident['id']}/acknowledge"
    old = people["wang-fang"].post(path, json={"alarm": 0})
    if incident["alarm"] > 1:
        assert old.status_code == 409, "it has risen since"
    view = place.view().incidents[0]
    answer = people["wang-fang"].post(path, json={"alarm": view.alarm})
    assert answer.status_code == 200, answer.text
    assert people["li-wei"].post(path, json={"alarm": view.alarm}).status_code == 409, "somebody has it already"
    zone = people["screen"].get("/api/v1/zones/bund/steps").json()
    assert (zone["hand"]["phase"], zone["hand"]["who"]) == ("acknowledged", "王芳")
    page = people["screen"].get("/incidents").text
    assert "王芳" in page
    place.density["steps"] = 0.5


def test_a_silence_begins_and_ends(place: Any, people: dict[str, httpx.Client], wait: Wait) -> None:
    body = {"site": "bund", "zone": "square", "reason": "market until noon", "hours": 1}
    answer = people["wang-fang"].post("/api/v1/silences", json=body)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "silenced")
    wait("it is shown", lambda: people["screen"].get("/api/v1/silences").json()["items"], 90)
    (shown,) = people["screen"].get("/api/v1/silences").json()["items"]
    assert (shown["owner"], shown["ceiling"]) == ("wang-fang", "yellow")
    assert people["wang-fang"].delete(f"/api/v1/silences/{shown['id']}").status_code == 200
    assert people["wang-fang"].delete(f"/api/v1/silences/{shown['id']}").status_code == 404
    assert people["wang-fang"].post("/api/v1/silences", json={**body, "zone": "moon"}).status_code == 404


def test_the_desk_steps_hazards_and_events(place: Any, people: dict[str, httpx.Client], wait: Wait) -> None:
    """After the red above: its plan's steps are under way."""
    view, duty, lead = people["screen"], people["wang-fang"], people["li-wei"]
    wait("the steps", lambda: view.get("/api/v1/desk").json()["tasks"], 90)
    task = next(one for one in view.get("/api/v1/desk").json()["tasks"] if one["en"].startswith("Close"))
    path = f"/api/v1/tasks/{task['id']}/done"
    assert view.post(path, json={}).status_code == 403
    assert duty.post(path, json={"waived": True}).status_code in (409, 422), "what does not apply needs words"
    assert duty.post(path, json={}).json()["outcome"] == "done"
    assert duty.post(path, json={}).status_code == 409, "done already"
    assert duty.post("/api/v1/tasks/abc/done", json={}).status_code == 404
    hazard = {"site": "bund", "zone": "deck", "level": "district", "owner": "district", "words": NASTY}
    assert duty.post("/api/v1/hazards", json={**hazard, "owner": "nobody"}).status_code == 404
    assert duty.post("/api/v1/hazards", json=hazard).status_code == 200

    def found() -> dict[str, Any] | None:
        told = view.get("/api/v1/desk").json()["hazards"]
        return next((one for one in told if one["words"] == NASTY), None)

    wait("the hazard", found, 90)
    mark = (found() or {})["id"]
    assert duty.post(f"/api/v1/hazards/{mark}/close", json={"evidence": "seen"}).status_code == 403
    assert lead.post(f"/api/v1/hazards/{mark}/close", json={"evidence": "a fence was put up"}).status_code == 200
    wait("it is closed", lambda: (found() or {}).get("state") == "closed", 90)
    answer = lead.post("/api/v1/events/countdown/assess", json={"words": "report 2026-12"})
    assert answer.status_code == 200, answer.text
    assert lead.post("/api/v1/events/moon/assess", json={"words": "x"}).status_code == 404
    wait("it is approved", lambda: view.get("/api/v1/desk").json()["events"][0]["assessed"], 90)
    assert lead.delete("/api/v1/drill").status_code == 409, "no drill is running"
    page = lead.get("/desk").text
    assert "<img src=x" not in page
    assert "Countdown" in page


# Pages, lists, files


def test_html_in_any_text_is_shown_and_never_run(place: Any, people: dict[str, httpx.Client]) -> None:
    for path in ("/", "/zones/bund/nasty", *PAGES, "/board"):
        answer = people["chief"].get(path)
        assert answer.status_code == 200, path
        assert "<img src=x" not in answer.text, path
        assert "49" not in answer.text or "{{7*7}}" in answer.text or "7*7" in answer.text, path


def test_lists_come_in_pages_that_miss_nothing(place: Any, people: dict[str, httpx.Client]) -> None:
    client = people["screen"]
    for path in ("/api/v1/zones", "/api/v1/changes", "/api/v1/incidents"):
        whole = client.get(path, params={"limit": 500}).json()["items"]
        assert whole, path
        paged, cursor = [], None
        for _ in range(len(whole) + 2):
            page = client.get(path, params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
            paged += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        assert [one["id"] for one in paged][-len(whole) :] == [one["id"] for one in whole], path
        for forged in ("x", "////", "MQ", "AAAA" * 40, "aW5mCg", "LTEKeA"):
            assert client.get(path, params={"cursor": forged}).status_code in (200, 400), (path, forged)
    assert client.get("/api/v1/changes", params={"cursor": "bmFuCmE"}).status_code == 400


def test_the_history_of_a_zone_has_what_was_seen(place: Any, people: dict[str, httpx.Client]) -> None:
    told = people["screen"].get("/api/v1/zones/bund/steps/history", params={"hours": 1}).json()
    assert any(value is not None for value in told["density"]["value"])
    assert len(told["at"]) == len(told["density"]["high"])
    assert told["tiers"]
    assert people["screen"].get("/api/v1/zones/bund/moon/history").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/static/../accounts.py",
        "/static/%2e%2e/accounts.py",
        "/static/..%2f..%2faccounts.py",
        "/static//etc/passwd",
        "/static/vendor/../../templates/base.html",
        "/zones/../accounts",
        "/zones/bund/%2e%2e",
        "/zones/bund/steps%00",
        "/zones/%F0%9F%92%A9/x",
        "/" + "a" * 8000,
    ],
)
def test_tricks_with_paths_lead_nowhere(place: Any, people: dict[str, httpx.Client], path: str) -> None:
    with socket.create_connection(("127.0.0.1", place.port), timeout=10) as raw:
        cookie = people["screen"].cookies["levee-session"]
        raw.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: levee-session={cookie}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    status = int(answer.split()[1])
    assert status in (400, 403, 404, 414, 431), answer[:200]
    assert b"argon2" not in answer
    assert b"root:" not in answer


def test_bodies_that_are_too_large_or_no_json_are_refused(place: Any, people: dict[str, httpx.Client]) -> None:
    mine = people["wang-fang"]
    path = "/api/v1/silences"
    assert mine.post(path, content=b"x" * 100_000).status_code == 413

    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 10_000

    assert mine.post(path, content=chunks()).status_code == 413
    deep = b"[" * 30_000
    for body in (
        b"",
        b"{",
        b"[]",
        b'{"site": 1}',
        b"\xff\xfe",
        deep,
        b'{"site":"bund","reason":"\\ud800","hours":1}',
        b'{"hours":1e999}',
    ):
        answer = mine.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), (body[:40], answer.text)
        assert answer.json()["error"]
    assert httpx.post(f"{place.url}/login", content=b"a&" * 20_000).status_code < 500
    assert httpx.post(f"{place.url}/login", content=b"name=" + b"\xff" * 1000).status_code < 500


def test_accounts_and_tokens_of_admins(place: Any, people: dict[str, httpx.Client]) -> None:
    chief = people["chief"]
    new = {"name": "night-desk", "title": NASTY, "role": "duty", "person": "wang-fang", "password": "a-long-password-1"}
    assert chief.post("/api/v1/accounts", json=new).status_code == 201
    assert chief.post("/api/v1/accounts", json=new).status_code == 409
    assert chief.post("/api/v1/accounts", json={**new, "name": "x", "person": "nobody"}).status_code == 422
    assert "<img src=x" not in chief.get("/accounts").text
    made = chief.post("/api/v1/accounts/night-desk/tokens", json={"title": "dashboard", "role": "duty"}).json()
    program = httpx.Client(base_url=place.url, headers={"Authorization": f"Bearer {made['secret']}"})
    assert program.get("/api/v1/me").json()["role"] == "duty"
    assert chief.post("/api/v1/accounts/night-desk/tokens", json={"title": "x", "role": "admin"}).status_code == 409
    body = {"site": "bund", "zone": "deck", "reason": "by a program", "hours": 0.1}
    mark = program.post("/api/v1/silences", json=body).json()["words"]
    assert program.delete(f"/api/v1/silences/{mark}").status_code == 200
    assert chief.patch("/api/v1/accounts/night-desk", json={"disabled": True}).status_code == 200
    assert program.get("/api/v1/me").status_code == 401, "shut out at once"
    assert chief.patch("/api/v1/accounts/chief", json={"role": "view"}).status_code == 409, "the last admin"


def test_the_board_tells_levels_and_nothing_else(place: Any, wait: Wait) -> None:
    wait("there is something to tell", lambda: httpx.get(f"{place.url}/api/v1/board").json()["as_of"], 90)
    told = httpx.get(f"{place.url}/api/v1/board").json()
    assert set(told) == {"as_of", "places"}
    assert {frozenset(one) for one in told["places"]} == {frozenset({"name", "zh", "en", "comfort"})}
    page = httpx.get(f"{place.url}/board", headers={"Accept-Language": "en"}).text
    for hidden in ("persons/m²", "steps", "Tier", "wang-fang"):
        assert hidden not in page, hidden


def test_the_live_connection_wants_a_session_of_ours(place: Any, people: dict[str, httpx.Client]) -> None:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    address = f"ws://127.0.0.1:{place.port}/live"
    cookie = f"levee-session={people['screen'].cookies['levee-session']}"
    for headers in ({}, {"Cookie": "levee-session=x"}, {"Cookie": cookie, "Origin": "https://evil.example"}):
        with connect(address, additional_headers=headers, proxy=None) as strange:
            with pytest.raises(ConnectionClosed) as ended:
                strange.recv(timeout=10)
            assert ended.value.rcvd is not None
            assert ended.value.rcvd.code == 4401
    with connect(address, additional_headers={"Cookie": cookie}, proxy=None) as ours:
        assert '"t":"all"' in str(ours.recv(timeout=10))
        ours.send("x" * 500)
        assert ours.recv(timeout=10)
        ours.send("x" * 100_000)
        with pytest.raises(ConnectionClosed):
            list(ours)


def test_what_people_do_is_recorded_while_the_record_is_away_as_well(
    place: Any, people: dict[str, httpx.Client], wait: Wait
) -> None:
    assert people["chief"].get("/api/v1/health").json()["state"] == "ok"
    wait("log-ins are recorded", lambda: [row for row in place.rows("console") if row["did"] == "log-in"], 90)
    assert all("li-wei" not in row["account"] for row in place.rows("console")), "the chain holds no names"


def test_pages_are_there_while_the_service_is_not(place: Any, people: dict[str, httpx.Client], wait: Wait) -> None:
    """Last, because it ends the service: an action says that nobody has taken it, and the wall says that it is lost."""
    place.kill("alerting")
    began = time.monotonic()
    wait("it is lost", lambda: people["screen"].get("/api/v1/health").json()["state"] == "lost", 90)
    assert time.monotonic() - began < 15
    zones = people["screen"].get("/api/v1/zones").json()["items"]
    assert {one["sight"] for one in zones} == {"lost"}
    assert {one["density"] for one in zones} == {None}
    assert httpx.get(f"{place.url}/healthz").status_code == 503
    answer = people["wang-fang"].post("/api/v1/silences", json={"site": "bund", "reason": "x", "hours": 1})
    assert (answer.status_code, answer.json()["outcome"]) == (202, "waiting")
    assert (place.folder / "console.log").read_text().count("Traceback") == 0
    assert Path(place.folder / "accounts.db").exists()
