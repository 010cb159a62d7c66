"""What the written pages point to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = ["architecture.md", "out-of-scope.md", "wire.md", "metrics.md"]


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    page = ROOT / "docs" / name
    for target in re.findall(r"\[[^\]]+\]\(([\w./-]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_architecture_page_names_files_that_are_there():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:wire|models|edge|alerting|levee|configs|sample_videos)/[\w./-]*)`", text)
    assert len(named) > 15
    for path in named:
        assert (ROOT / path).exists(), path
