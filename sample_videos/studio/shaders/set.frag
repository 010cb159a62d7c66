uniform sampler2DArray tiles;
uniform vec3 eye;
uniform float stains;
uniform float snow;
in vec3 world;
in vec3 normal;
in vec4 stuff;
in vec4 tint;
in float reach;
layout(location = 0) out vec4 albedo;    // a: 1 a floor
layout(location = 1) out vec4 glow;
layout(location = 2) out vec4 shape;     // normal, depth along the axis

float grain2(vec2 p) { return fract(sin(dot(p, vec2(127.1, 311.7))) * 43758.5453); }
float noise2(vec2 x) {
    vec2 i = floor(x), f = fract(x);
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(grain2(i), grain2(i + vec2(1, 0)), f.x), mix(grain2(i + vec2(0, 1)), grain2(i + vec2(1, 1)), f.x), f.y);
}

void main() {
    if (stuff.w > 0.0) {     // upright bars between two rails, in units of one bar's distance and the height
        bool bar = fract(stuff.x * stuff.w) < 0.17, rail = stuff.y > 0.94 || abs(stuff.y - 0.1) < 0.03;
        if (!bar && !rail) discard;
    }
    vec3 n = normalize(normal);
    if (dot(n, eye - world) < 0.0) n = -n;
    vec3 base = tint.rgb;
    if (stuff.z >= 0.0) {
        vec3 tile = texture(tiles, vec3(stuff.xy, stuff.z)).rgb;
        base *= tile * tile * 2.0;
    }
    vec2 flat_at = abs(n.z) > 0.5 ? world.xy : vec2(world.x + world.y, world.z);
    float dirt = noise2(flat_at * 0.35) + 0.6 * noise2(flat_at * 1.3 + 7.0) + 0.35 * noise2(flat_at * 5.0) - 0.97;
    base *= clamp(1.0 + stains * 2.2 * dirt, 0.3, 1.6);
    if (n.z > 0.7 && snow > 0.0) {
        float cover = smoothstep(0.75 - snow, 1.0 - 0.6 * snow, noise2(world.xy * 0.8) * 0.6 + noise2(world.xy * 4.0) * 0.4);
        base = mix(base, vec3(0.72, 0.70, 0.68), cover);
    }
    float foot = n.z > 0.5 ? 1.0 : 1.0 - 0.35 * exp(-world.z / 0.5);
    albedo = vec4(base * foot, n.z > 0.85 ? 1.0 : 0.0);
    glow = vec4(base * max(tint.a, 0.0), 1.0);
    shape = vec4(n, reach);
}
