"""Whatever stands in a settings file: it is settings, or it is refused in clear lines; never anything else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from levee.config.convert import settings_from
from levee.config.kinds import KINDS
from levee.config.problems import ConfigRefused
from levee.config.yaml_nodes import read_yaml

ROOT = Path(__file__).resolve().parents[3]
FILES = {name: f"configs/examples/{name}.yaml" for name in KINDS} | {
    "scenario": "configs/scenarios/bund-2014-12-31.yaml"
}
EXAMPLES = {name: yaml.safe_load((ROOT / file).read_text()) for name, file in FILES.items()}
SECRET = "hunter2"

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["a", "box-1", "rtsp://u:hunter2@host/1", "../x", "5", ""]),
)
words = st.one_of(
    st.sampled_from(sorted({key for example in EXAMPLES.values() for key in example})), st.text(min_size=1, max_size=6)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=8,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path to everything in a document."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, entry in value.items():
            found += places(entry, (*path, key))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            found += places(entry, (*path, number))
    return found


def put(document: object, path: tuple[str | int, ...], value: object) -> object:
    """A copy of `document` with `value` at `path`."""
    if not path:
        return value
    if isinstance(document, dict):
        return {**document, path[0]: put(document[path[0]], path[1:], value)}
    assert isinstance(document, list)
    assert isinstance(path[0], int)
    return [put(entry, path[1:], value) if number == path[0] else entry for number, entry in enumerate(document)]


def check(name: str, document: dict[str, object]) -> None:
    text = yaml.safe_dump(document, allow_unicode=True)
    file = Path("x.yaml")
    try:
        value, problems = read_yaml(text, file)
    except ConfigRefused as refused:
        value, problems = None, list(refused.problems)
    made = None
    if value is not None and value.entries is not None:
        made, more = settings_from(value, KINDS[name].settings, file)
        assert (made is None) == bool(more)
        problems += more
    lines = text.count("\n") + 1
    for problem in problems:
        assert problem.line is None or 1 <= problem.line <= lines
        assert "\n" not in str(problem)
        assert SECRET not in str(problem)
    if made is not None:
        again = msgspec.convert(msgspec.to_builtins(made), type(made))
        assert again == made


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_an_example_with_one_value_changed(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(KINDS)))
    document = {key: value for key, value in EXAMPLES[name].items() if key != "levee"}
    path = data.draw(st.sampled_from(places(document)))
    changed = put(document, path, data.draw(values))
    assert isinstance(changed, dict)
    check(name, changed)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.dictionaries(words, values, max_size=5))
def test_any_mapping(name: str, document: dict[str, object]) -> None:
    check(name, document)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    try:
        value, _ = read_yaml(text, Path("x.yaml"))
    except ConfigRefused:
        return
    settings_from(value, KINDS["site"].settings, Path("x.yaml"))
