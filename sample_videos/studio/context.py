"""One OpenGL context without a window: EGL, on Mesa's software driver unless LEVEE_GPU is set."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

_SHADERS = Path(__file__).with_name("shaders")


class NoStudio(RuntimeError):
    """Pictures cannot be drawn here; the message says what to install."""


def _source(*names: str) -> str:
    return "#version 330\n" + "\n".join((_SHADERS / name).read_text(encoding="utf-8") for name in names)


class Context:
    """The context and the programs of the studio."""

    def __init__(self) -> None:
        try:
            import moderngl
        except ModuleNotFoundError:
            raise NoStudio("rendering needs moderngl: install levee[sim]") from None
        if not os.environ.get("LEVEE_GPU"):
            os.environ["LIBGL_ALWAYS_SOFTWARE"] = "1"
            os.environ["EGL_PLATFORM"] = "surfaceless"
        try:
            make_context: Any = moderngl.create_context
            self.gl: Any = make_context(standalone=True, backend="egl", require=330)
        except Exception as error:  # noqa: BLE001 - the driver raises what it likes
            raise NoStudio(
                f"rendering needs EGL: install the Debian packages libegl1 and libgl1-mesa-dri ({error})"
            ) from None
        make = self.gl.program
        self.figure = make(_source("figure.vert"), _source("light.glsl", "figure.frag"))
        self.figure_shadow = make(_source("figure.vert"), _source("shadow.frag"))
        self.set = make(_source("set.vert"), _source("set.frag"))
        self.set_shadow = make(_source("set.vert"), _source("shadow.frag"))
        self.light_set = make(_source("screen.vert"), _source("light.glsl", "light_set.frag"))
        self.see = make(_source("screen.vert"), _source("see.frag"))
        import numpy as np

        corners = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32)
        self.rough = self.gl.texture((256, 256), 3, _rough().tobytes())
        self.rough.build_mipmaps()
        self.corners = self.gl.buffer(corners.tobytes())

    def screen(self, program: Any) -> Any:
        """A vertex array that covers the picture."""
        return self.gl.vertex_array(program, [(self.corners, "2f", "in_corner")])


def _rough() -> Any:
    """(256, 256, 3) bytes: slopes and tone of creases and grain, about 1 m of cloth across."""
    import numpy as np

    from sample_videos.scenery.textures import noise

    rng = np.random.default_rng(4)
    height = 1.0 * noise(rng, 8, 256) + 0.55 * noise(rng, 16, 256) + 0.25 * noise(rng, 64, 256)
    slope_x = np.roll(height, -2, 1) - np.roll(height, 2, 1)
    slope_y = np.roll(height, -2, 0) - np.roll(height, 2, 0)
    planes = np.stack([slope_x / slope_x.std() * 0.28, slope_y / slope_y.std() * 0.28, height / height.std() * 0.3], -1)
    return np.clip(planes * 127.5 + 127.5, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def context() -> Context:
    """The context of this process; NoStudio where there can be none."""
    return Context()


def put(program: Any, **values: Any) -> None:
    """Sets uniforms; those that the driver found unused are passed over."""
    for name, value in values.items():
        if name in program:
            program[name].value = value


def put_matrix(program: Any, name: str, matrix: Any) -> None:
    """Sets a matrix given by rows, as numpy writes it."""
    if name in program:
        program[name].write(matrix.T.astype("f4").tobytes())
