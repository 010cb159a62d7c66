"""The figures as the driver draws them: meshes kept by kind and detail, one table of bones and looks a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sample_videos.figures import bodies, carried, kinds
from sample_videos.figures.placed import PROP, Figures, look
from sample_videos.figures.shapes import Mesh
from sample_videos.figures.wardrobe import BAG, HAIR, HAT
from sample_videos.studio.context import Context, put

WIDTH = (PROP + 1) * 3 + 12
LEVELS = (480.0, 220.0, 100.0)
"""Height of a figure in drawn pixels above which each level of detail is taken."""
Key = tuple[str, str, str, int]
_MESHES: dict[Key, tuple[Any, Any] | None] = {}


class Extras:
    """Sorts figures by mesh and draws them."""

    def __init__(self, on: Context, view: NDArray[np.float64], focal: float) -> None:
        self.on, self.view, self.focal = on, view, focal

    def near(self, people: Figures, size: tuple[int, int]) -> NDArray[np.int64]:
        """Rows of the figures that the picture, or a shadow in it, can show; the nearest first."""
        if not len(people):
            return np.zeros(0, np.int64)
        at = np.column_stack([people.place + np.array([0, 0, 0.9]), np.ones(len(people))]) @ self.view.T
        w = np.maximum(at[:, 3], 0.3)
        seen = (at[:, 3] > 0.5) & (np.abs(at[:, 0] / w) < 1.25 + 3 / w) & (np.abs(at[:, 1] / w) < 1.3 + 4 / w)
        rows = np.flatnonzero(seen)
        return rows[np.argsort(at[rows, 3], kind="stable")]

    def table(self, people: Figures) -> Any:
        """The texture of bones and looks: a row a figure."""
        count = max(len(people), 1)
        out = np.zeros((count, WIDTH, 4), np.float32)
        if len(people):
            bones = (PROP + 1) * 3
            out[:, :bones] = people.matrices.reshape(len(people), bones, 4)
            out[:, bones:] = look(people.cast)
            out[:, bones + 8, :3], out[:, bones + 8, 3] = people.velocity, people.ident
        texture = self.on.gl.texture((WIDTH, count), 4, out.tobytes(), dtype="f4")
        texture.filter = (0x2600, 0x2600)
        return texture

    def batches(self, people: Figures) -> dict[Key, list[int]]:
        """Rows of the figures by what is drawn for them."""
        found: dict[Key, list[int]] = {}
        if not len(people):
            return found
        at = np.column_stack([people.place, np.ones(len(people))]) @ self.view.T
        tall = self.focal * people.cast.height / np.maximum(at[:, 3], 0.3)
        level = np.digitize(-tall, [-x for x in LEVELS])
        cast = people.cast
        for row in range(len(people)):
            fine = int(level[row])
            hat = kinds.HATS[cast.hat[row]]
            bag = kinds.BAGS[cast.bag[row]]
            found.setdefault(
                ("body", kinds.BUILDS[cast.build[row]], kinds.GARMENTS[cast.garment[row]], fine), []
            ).append(row)
            hair = kinds.HAIRS[cast.hair[row]]
            if hat in ("beanie", "hood", "scarf", "helmet", "cap"):
                hair = (
                    {"long": "long", "bob": "bob", "tail": "tail"}.get(hair, "bald")
                    if hat in ("beanie", "cap")
                    else "bald"
                )
            found.setdefault(("hair", hair, "", fine), []).append(row)
            found.setdefault(("hat", hat, "", fine), []).append(row)
            found.setdefault(("bag", bag, "", fine), []).append(row)
            found.setdefault(("prop", bag, "", 0), []).append(row)
        return found

    def draw(self, program: Any, batches: dict[Key, list[int]], coarse: bool = False) -> None:
        """Draws the batches; `coarse` takes at most the third level of detail (shadows)."""
        gl = self.on.gl
        for key, rows in batches.items():
            group, kind, dress, level = key
            held = self._mesh((group, kind, dress, max(level, 3) if coarse and group != "prop" else level))
            if held is None:
                continue
            buffer, faces = held
            put(program, part=_part(group, kind))
            index = gl.buffer(np.asarray(rows, np.float32).tobytes())
            layout = [(buffer, "3f 3f 4f", "in_place", "in_normal", "in_skin"), (index, "1f/i", "in_row")]
            array = gl.vertex_array(program, layout, faces, skip_errors=True)
            array.render(gl.TRIANGLES, instances=len(rows))
            array.release()
            index.release()

    def _mesh(self, key: Key) -> tuple[Any, Any] | None:
        if key not in _MESHES:
            group, kind, dress, level = key
            if group == "body":
                made: Mesh | None = bodies.body_mesh(kind, dress, level)
            elif group == "prop":
                made = carried.prop_mesh(kind)
            else:
                made = bodies.part_mesh(group, kind, level)
            _MESHES[key] = None if made is None else self._upload(made)
        return _MESHES[key]

    def _upload(self, made: Mesh) -> tuple[Any, Any]:
        gl = self.on.gl
        skin = np.column_stack([made.bones, made.weight, made.open])
        rows = np.hstack([made.vertices, made.normals, skin]).astype(np.float32)
        return gl.buffer(np.ascontiguousarray(rows).tobytes()), gl.buffer(
            np.ascontiguousarray(made.faces, np.int32).tobytes()
        )


def _part(group: str, kind: str) -> int:
    return {"body": -1, "hair": HAIR, "hat": HAT, "bag": BAG, "prop": BAG}[group]
