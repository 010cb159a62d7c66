uniform mat4 view;
in vec3 in_place;
in vec3 in_normal;
in vec4 in_paint;            // u, v in tiles; layer of the tile or -1; bars per metre (0: none)
in vec4 in_tint;             // colour, glow
out vec3 world;
out vec3 normal;
out vec4 stuff;
out vec4 tint;
out float reach;

void main() {
    world = in_place;
    normal = in_normal;
    stuff = in_paint;
    tint = in_tint;
    gl_Position = view * vec4(in_place, 1.0);
    reach = gl_Position.w;
}
