"""`python -m levee` is the `levee` command."""

from __future__ import annotations

from levee.cli import main

if __name__ == "__main__":
    main()
