"""The stage: a set baked once, and frames of figures on it, as linear light with masks of who is seen where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_videos.camera import Pinhole
from sample_videos.figures.placed import Figures
from sample_videos.scenery.light import Light
from sample_videos.scenery.solids import Solids
from sample_videos.scenery.textures import SIDE, encoded
from sample_videos.studio import views
from sample_videos.studio.context import Context, context, put, put_matrix
from sample_videos.studio.extras import Extras

Floats = NDArray[np.float32]
SHADOW = 2048
SET_SHADOW = 3072


@dataclass(frozen=True)
class Shot:
    """Linear BGR (h, w, 3); who is seen at each pixel (h, w), 0 nobody; where that is a head (h, w)."""

    picture: Floats
    ident: NDArray[np.int32]
    head: NDArray[np.bool_]


class Stage:
    """Draws figures before a fixed set with a fixed camera.

    `fine` drawn pixels stand for one of the picture on each side; the set is baked `bake` times finer still.
    """

    def __init__(
        self, camera: Pinhole, solids: Solids, light: Light, *, fine: float = 1.5, bake: int = 2, stains: float = 0.07
    ) -> None:
        self.camera, self.light, self.fine = camera, light, fine
        self.on: Context = context()
        self.bend, self.size, middle = _inner(camera, fine)
        self.focal, self.middle = camera.focal * fine, middle
        self.view = views.camera_view(camera, self.focal, self.size, middle)
        self.extras = Extras(self.on, self.view, self.focal)
        gl = self.on.gl
        self._colour = gl.texture(self.size, 4, dtype="f2")
        self._infos = gl.texture(self.size, 4, dtype="f4")
        self._depth = gl.depth_texture(self.size)
        self._frame = gl.framebuffer([self._colour, self._infos], self._depth)
        self._bend = gl.texture(camera.size, 2, np.ascontiguousarray(self.bend, np.float32).tobytes(), dtype="f4")
        self._seen = gl.texture(camera.size, 4, dtype="f4")
        self._who = gl.texture(camera.size, 4, dtype="f4")
        self._out = gl.framebuffer([self._seen, self._who])
        self._key_map = gl.depth_texture((SHADOW, SHADOW))
        self._key_frame = gl.framebuffer(depth_attachment=self._key_map)
        self._set_map = gl.depth_texture((SET_SHADOW, SET_SHADOW))
        for one in (self._key_map, self._set_map):
            one.compare_func, one.filter = "<=", (gl_linear(), gl_linear())
            one.repeat_x = one.repeat_y = False
        self._infos.filter = (gl_nearest(), gl_nearest())
        self._bend.filter = (gl_nearest(), gl_nearest())
        self._crowd = gl.texture((512, 512), 2, dtype="f2")
        self._crowd.repeat_x = self._crowd.repeat_y = False
        self.set_view = np.zeros((4, 4))
        self._bake(solids, bake, stains)
        self._screen = self.on.screen(self.on.light_set)
        self._see = self.on.screen(self.on.see)

    def close(self) -> None:
        """Gives the driver's memory back."""
        for name in (
            "_colour",
            "_infos",
            "_depth",
            "_frame",
            "_bend",
            "_seen",
            "_who",
            "_out",
            "_key_map",
            "_key_frame",
            "_set_map",
            "_crowd",
            "_albedo",
            "_glow",
            "_shape",
        ):
            getattr(self, name).release()

    def _bake(self, solids: Solids, bake: int, stains: float) -> None:
        gl, program = self.on.gl, self.on.set
        rows = solids.vertices()
        buffer = gl.buffer(np.ascontiguousarray(rows).tobytes())
        layout = [(buffer, "3f 3f 4f 4f", "in_place", "in_normal", "in_paint", "in_tint")]
        big = (self.size[0] * bake, self.size[1] * bake)
        maps = [gl.texture(big, 4, dtype="f2"), gl.texture(big, 4, dtype="f2"), gl.texture(big, 4, dtype="f4")]
        depth = gl.depth_renderbuffer(big)
        frame = gl.framebuffer(maps, depth)
        frame.use()
        frame.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        gl.enable(gl.DEPTH_TEST)
        view = views.camera_view(self.camera, self.focal * bake, big, (self.middle[0] * bake, self.middle[1] * bake))
        put_matrix(program, "view", view)
        put(program, tiles=0, eye=self.camera.position, stains=stains, snow=self.light.snow)
        tiles = self._tiles(solids)
        tiles.use(0)
        gl.vertex_array(program, layout, skip_errors=True).render()
        planes = [
            np.frombuffer(m.read(), t).reshape(big[1], big[0], 4) for m, t in zip(maps, ("f2", "f2", "f4"), strict=True)
        ]
        small = [
            cv2.resize(planes[0].astype(np.float32), self.size, interpolation=cv2.INTER_AREA),
            cv2.resize(planes[1].astype(np.float32), self.size, interpolation=cv2.INTER_AREA),
            np.ascontiguousarray(planes[2][bake // 2 :: bake, bake // 2 :: bake]),
        ]
        self._albedo = gl.texture(self.size, 4, small[0].astype(np.float16).tobytes(), dtype="f2")
        self._glow = gl.texture(self.size, 4, small[1].astype(np.float16).tobytes(), dtype="f2")
        self._shape = gl.texture(self.size, 4, small[2].astype(np.float32).tobytes(), dtype="f4")
        for one in (self._albedo, self._glow, self._shape):
            one.filter = (gl_nearest(), gl_nearest())
        self.reach: Floats = small[2][..., 3]
        self.floor = float(small[0][..., :3].mean())
        if self.light.has_sun():
            self._set_shadow(layout)
        for one in (*maps, depth, frame, buffer, tiles):
            one.release()

    def _tiles(self, solids: Solids) -> Any:
        gl = self.on.gl
        surfaces = solids.surfaces or [("plaster", 0)]
        side = SIDE
        data = np.stack([encoded(*surface) for surface in surfaces])
        array = gl.texture_array((side, side, len(surfaces)), 3, np.ascontiguousarray(data).tobytes())
        array.build_mipmaps()
        array.filter = (gl.LINEAR_MIPMAP_LINEAR, gl.LINEAR)
        return array

    def _set_shadow(self, layout: list[Any]) -> None:
        gl = self.on.gl
        ground = self.ground(70.0)
        if not len(ground):
            return
        points = np.vstack([ground, ground + np.array([0, 0, 2.0])])
        self.set_view = views.sun_view(np.array(self.light.sun_from), points, 2.0)
        frame = gl.framebuffer(depth_attachment=self._set_map)
        frame.use()
        frame.clear(depth=1.0)
        put_matrix(self.on.set_shadow, "view", self.set_view)
        gl.vertex_array(self.on.set_shadow, layout, skip_errors=True).render()
        frame.release()

    def ground(self, far: float, stride: int = 24) -> NDArray[np.float64]:
        """Places (n, 3) in the world that the picture shows, up to `far` metres away."""
        reach = self.reach[::stride, ::stride]
        v, u = np.mgrid[0 : reach.shape[0], 0 : reach.shape[1]] * stride + 0.5
        flat = np.stack([(u - self.middle[0]) / self.focal, (v - self.middle[1]) / self.focal, np.ones_like(u)], -1)
        world = np.array(self.camera.position) + (flat * reach[..., None]) @ self.camera.rotation
        return np.asarray(world[(reach > 0) & (reach < far)])

    def shoot(self, people: Figures, exposure_s: float = 0.0) -> Shot:
        """One frame; what moves is blurred over `exposure_s`."""
        gl, light = self.on.gl, self.light
        people = people.take(self.extras.near(people, self.size))
        key_view = self._key(people)
        table = self.extras.table(people)
        gl.enable(gl.DEPTH_TEST)
        self._key_frame.use()
        self._key_frame.clear(depth=1.0)
        batches = self.extras.batches(people)
        if key_view is not None:
            put_matrix(self.on.figure_shadow, "view", key_view)
            put(self.on.figure_shadow, people=0)
            table.use(0)
            self.extras.draw(self.on.figure_shadow, batches, coarse=True)
        box = self._crowding(people)
        for program in (self.on.light_set, self.on.figure):
            self._lit(program, light, key_view, box)
        self._frame.use()
        self._frame.clear(depth=1.0)
        self._draw_set()
        # Depth first, so that each pixel is shaded once.
        put_matrix(self.on.figure_shadow, "view", self.view)
        put(self.on.figure_shadow, people=0)
        table.use(0)
        self._frame.color_mask = ((False,) * 4, (False,) * 4)
        self.extras.draw(self.on.figure_shadow, batches)
        self._frame.color_mask = ((True,) * 4, (True,) * 4)
        gl.depth_func = "<="
        put_matrix(self.on.figure, "view", self.view)
        self.on.rough.use(7)
        put(self.on.figure, people=0, rough=7, shift=exposure_s, half_size=(self.size[0] / 2, self.size[1] / 2))
        table.use(0)
        self.extras.draw(self.on.figure, batches)
        gl.depth_func = "<"
        table.release()
        return self._developed()

    def _draw_set(self) -> None:
        program, gl = self.on.light_set, self.on.gl
        for slot, texture in ((1, self._albedo), (2, self._glow), (3, self._shape)):
            texture.use(slot)
        put(
            program,
            albedo_map=1,
            glow_map=2,
            shape_map=3,
            planes=(views.NEAR, views.FAR),
            lens=(self.focal, self.focal, *self.middle),
            sky_low=self.light.low,
            sky_high=self.light.high,
            clouds=self.light.clouds,
        )
        put_matrix(program, "axes", self.camera.rotation.T)
        gl.depth_func = "1"
        self._screen.render(gl.TRIANGLE_STRIP)
        gl.depth_func = "<"

    def _developed(self) -> Shot:
        gl = self.on.gl
        self._out.use()
        gl.disable(gl.DEPTH_TEST)
        self._colour.use(0)
        self._infos.use(1)
        self._bend.use(2)
        put(self.on.see, picture=0, infos=1, bend=2, inner=self.size, spread=self.fine)
        self._see.render(gl.TRIANGLE_STRIP)
        width, height = self.camera.size
        picture = np.frombuffer(self._seen.read(), np.float32).reshape(height, width, 4)[..., :3]
        who = np.frombuffer(self._who.read(), np.float32).reshape(height, width, 4)[..., 0].astype(np.int32)
        return Shot(np.ascontiguousarray(picture), who // 2, who % 2 == 1)

    def _lit(self, program: Any, light: Light, key_view: Any, box: tuple[float, float, float, float]) -> None:
        lamps = light.lamps[0 if light.has_sun() else 1 :][:8]
        key = (
            (*light.sun_from, 0.0)
            if light.has_sun()
            else (*light.lamps[0].place, 1.0)
            if light.lamps
            else (0.0, 0.0, 1.0, 0.0)
        )
        power = light.sun if light.has_sun() else light.lamps[0].power if light.lamps else (0.0, 0.0, 0.0)
        bounce = tuple(float(s * 0.28 + p * 0.10 * (key[3] == 0)) for s, p in zip(light.sky, light.sun, strict=True))
        put(
            program,
            eye=self.camera.position,
            sky=light.sky,
            ground=bounce,
            key_colour=power,
            key_place=key,
            key_shadow=4,
            set_shadow=5,
            crowd=6,
            key_soft=light.soft,
            lamps=len(lamps),
            crowd_box=box,
            haze=light.haze,
            haze_colour=light.haze_colour,
            wet=light.wet,
        )
        if lamps:
            filled = [*lamps, *([lamps[0]] * (8 - len(lamps)))]
            put(program, lamp_place=[lamp.place for lamp in filled], lamp_power=[lamp.power for lamp in filled])
        put_matrix(program, "key_view", np.zeros((4, 4)) if key_view is None else key_view)
        put_matrix(program, "set_view", self.set_view)
        self._key_map.use(4)
        self._set_map.use(5)
        self._crowd.use(6)

    def _key(self, people: Figures) -> NDArray[np.float64] | None:
        if not len(people):
            return None
        if self.light.has_sun():
            points = np.vstack([people.place, people.place + np.array([0, 0, 2.3])])
            return views.sun_view(np.array(self.light.sun_from), points)
        return views.lamp_view(np.array(self.light.lamps[0].place)) if self.light.lamps else None

    def _crowding(self, people: Figures) -> tuple[float, float, float, float]:
        """Writes the map of feet and crowding; its box as x0, y0, 1 / width, 1 / height."""
        if not len(people):
            self._crowd.write(np.zeros((512, 512, 2), np.float16).tobytes())
            return (0.0, 0.0, 1.0, 1.0)
        away = np.hypot(*(people.place[:, :2] - np.array(self.camera.position[:2])).T)
        spots = people.place[away < max(60.0, float(np.sort(away)[len(away) // 2])), :2]
        low, high = spots.min(0) - 2.5, spots.max(0) + 2.5
        side = float((high - low).max())
        cell = side / 512
        grid = np.zeros((512, 512), np.float32)
        at = np.clip(((spots - low) / cell).astype(int), 0, 511)
        np.add.at(grid, (at[:, 1], at[:, 0]), 1.0)
        close = max(0.17 / cell, 0.8)
        feet = cv2.GaussianBlur(grid, (0, 0), close) * np.float32(2 * np.pi * close**2)
        around = cv2.GaussianBlur(grid, (0, 0), 0.5 / cell) / np.float32(cell**2)
        self._crowd.write(np.stack([feet, around], -1).astype(np.float16).tobytes())
        return (float(low[0]), float(low[1]), 1 / side, 1 / side)


def gl_linear() -> int:
    """moderngl.LINEAR, without importing it where the studio is only looked at."""
    return 0x2601


def gl_nearest() -> int:
    """moderngl.NEAREST."""
    return 0x2600


def _inner(camera: Pinhole, fine: float) -> tuple[Floats, tuple[int, int], tuple[float, float]]:
    """Where each pixel of the picture looks in a drawing without distortion; the drawing's size and its middle."""
    width, height = camera.size
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    flat = camera.flat(np.column_stack([u.ravel(), v.ravel()])) * camera.focal * fine
    low, high = np.floor(flat.min(0) - 1), np.ceil(flat.max(0) + 1)
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    bend = (flat - low).reshape(height, width, 2).astype(np.float32)
    return bend, size, (float(-low[0]), float(-low[1]))
