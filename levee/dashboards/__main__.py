"""`python -m levee.dashboards [--check]`: write the files that are made from code, or say which are out of date."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from levee.dashboards.files import made

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """0 where all is current or was written; 1 with one line per stale file under `--check`."""
    parser = argparse.ArgumentParser(prog="python -m levee.dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is out of date")
    check = parser.parse_args(arguments).check
    stale = 0
    for name, text in made().items():
        path = root / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if check:
            sys.stderr.write(f"{name} is out of date: run `python -m levee.dashboards`\n")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {name}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
