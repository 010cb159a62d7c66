"""Films the clips: `python -m sample_videos.render [NAME|all] --out DIR`.

For each scene: NAME.mp4, NAME.camera.yaml, NAME.truth.csv.gz and NAME.heads.npz (docs/sample-videos.md).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from sample_videos.film import Camera, simulate
from sample_videos.ledger import EVERY
from sample_videos.record import HeadTable, camera_yaml, truth_bytes, truth_rows
from sample_videos.scenes import Scene, scenes
from sample_videos.stories import FPS


class Encoder:
    """H.264, yuv420p, a key frame every five seconds, `crf` as libx264 understands it."""

    def __init__(self, path: Path, size: tuple[int, int], crf: int) -> None:
        try:
            import av
        except ModuleNotFoundError:
            raise RuntimeError("rendering needs PyAV: install the extra `sim` (pip install 'levee[sim]')") from None
        self._frame_type = av.VideoFrame
        self._file = av.open(str(path), "w", options={"movflags": "+faststart"})
        self._stream = self._file.add_stream("libx264", rate=Fraction(FPS), options={"crf": str(crf), "preset": "slow"})
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.gop_size = 5 * FPS

    def __enter__(self) -> Encoder:
        return self

    def add(self, picture: NDArray[np.uint8]) -> None:
        """One BGR frame."""
        self._file.mux(self._stream.encode(self._frame_type.from_ndarray(picture, format="bgr24")))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.mux(self._stream.encode(None))
        self._file.close()


def film(scene: Scene, out: Path, frames: int, crf: int) -> list[Path]:
    """Render `frames` frames of a scene with its truth, showing progress on stderr; the files written."""
    from rich.console import Console
    from rich.progress import track

    paths = [out / f"{scene.name}{end}" for end in (".mp4", ".camera.yaml", ".truth.csv.gz", ".heads.npz")]
    paths[1].write_text(camera_yaml(scene), encoding="utf-8")
    camera, table, rows = Camera(scene), HeadTable(), []
    with Encoder(paths[0], scene.camera.size, crf) as encoder:
        moments = enumerate(simulate(scene, frames))
        for index, (moment, truth) in track(
            moments, total=frames, description=scene.name, console=Console(stderr=True)
        ):
            picture, visible = camera.shoot(index, moment, truth)
            encoder.add(picture)
            rows.append(truth_rows(scene, index, truth))
            if index % EVERY == 0:
                table.add(index, truth, visible)
    paths[2].write_bytes(truth_bytes(rows))
    table.write(paths[3])
    return paths


def main(argv: list[str] | None = None) -> int:
    """Command line; 0 when written, 2 on bad input with one line."""
    parser = argparse.ArgumentParser(prog="python -m sample_videos.render", description="Film the sample clips.")
    parser.add_argument("name", nargs="?", default="all", help="steps, plaza, evening or all (default)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the clips")
    parser.add_argument("--seconds", type=int, help="stop after so many seconds (default: the whole scene)")
    parser.add_argument("--seed", type=int, help="another seed than the scene's own")
    parser.add_argument("--crf", type=int, help="H.264 quality, lower is larger (default: the scene's own)")
    args = parser.parse_args(argv)
    known = scenes()
    if args.name != "all" and args.name not in known:
        sys.stderr.write(f"render: no scene is called {args.name!r}; there are {', '.join(known)}\n")
        return 2
    if (args.seed is not None and args.seed < 0) or (args.seconds is not None and args.seconds < 1):
        sys.stderr.write("render: --seed must be at least 0 and --seconds at least 1\n")
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    for scene in known.values() if args.name == "all" else [known[args.name]]:
        chosen = scene if args.seed is None else replace(scene, seed=args.seed)
        seconds = min(args.seconds or scene.seconds, scene.seconds)
        try:
            paths = film(chosen, args.out, seconds * FPS, chosen.crf if args.crf is None else args.crf)
        except (RuntimeError, OSError) as error:
            sys.stderr.write(f"render: {error}\n")
            return 2
        for path in paths:
            sys.stderr.write(f"{path}  {path.stat().st_size / 1e6:.2f} MB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
