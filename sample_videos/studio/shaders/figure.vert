invariant gl_Position;
uniform sampler2D people;
uniform mat4 view;
uniform float shift;         // seconds ahead, for the way that a point moves in the picture
in vec3 in_place;
in vec3 in_normal;
in vec4 in_skin;             // bones, weight of the first, open sky
in float in_row;
out vec3 rest;
out vec3 world;
out vec3 normal;
out float open_sky;
out float arm;
flat out int row;
flat out int bone;
out vec4 here;
out vec4 later;

mat4x3 bone_of(int index) {
    vec4 a = texelFetch(people, ivec2(index * 3, row), 0);
    vec4 b = texelFetch(people, ivec2(index * 3 + 1, row), 0);
    vec4 c = texelFetch(people, ivec2(index * 3 + 2, row), 0);
    return mat4x3(a.x, b.x, c.x, a.y, b.y, c.y, a.z, b.z, c.z, a.w, b.w, c.w);
}

void main() {
    row = int(in_row);
    bone = int(in_skin.x);
    mat4x3 first = bone_of(int(in_skin.x)), second = bone_of(int(in_skin.y));
    mat4x3 joined = first * in_skin.z + second * (1.0 - in_skin.z);
    rest = in_place;
    world = joined * vec4(in_place, 1.0);
    normal = normalize(mat3(joined) * in_normal);
    open_sky = in_skin.w;
    float side = sign(in_place.x);
    vec3 shoulder = vec3(side * 0.170, -0.012, 1.378), way = vec3(side * 0.6428, 0.0, -0.7660);
    bool on_arm = bone >= 5 && bone <= 10;
    arm = on_arm ? dot(in_place - shoulder, way) / 0.525 : 0.0;
    vec4 motion = texelFetch(people, ivec2(62, row), 0);
    here = view * vec4(world, 1.0);
    later = view * vec4(world + motion.xyz * shift, 1.0);
    gl_Position = here;
}
