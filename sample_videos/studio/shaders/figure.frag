uniform sampler2D people;
uniform int part;            // -1 a whole body, else the part of the palette
uniform vec2 half_size;
uniform sampler2D rough;     // rg: slopes, b: tone; smooth noise that repeats
in vec3 rest;
in vec3 world;
in vec3 normal;
in float open_sky;
in float arm;
flat in int row;
flat in int bone;
in vec4 here;
in vec4 later;
layout(location = 0) out vec4 colour;
layout(location = 1) out vec4 info;

const int SKIN = 0, HAIR = 1, TOP = 2, BOTTOM = 3, SHOES = 4, BAG = 5, ACCENT = 6, HAT = 7;

vec3 paint(int which) { return texelFetch(people, ivec2(54 + which, row), 0).rgb; }

vec3 cloth(int which, float kind, float scale, vec3 base, vec3 other) {
    vec3 p = rest;
    float angle = atan(p.x, p.y + 0.0001);
    if (arm > 0.15) { p.z = 1.38 - arm * 0.55; angle = p.y * 12.0; }
    if (kind < 0.5) return base;
    if (kind < 1.5) return fract(p.z * 14.0 * scale) < 0.5 ? base : other;
    if (kind < 2.5) {
        float a = step(0.5, fract(p.z * 11.0 * scale)), b = step(0.5, fract(angle * 1.9 * scale));
        return mix(base, other, 0.5 * (a + b));
    }
    if (kind < 3.5) {
        float d = length(vec2(rest.x, rest.z - 1.24) / vec2(0.085, 0.075) / scale);
        return d < 1.0 && rest.y > 0.02 ? mix(other, base, step(0.5, noise3(rest * 45.0))) : base;
    }
    if (kind < 4.5) return rest.z > 1.22 ? other : base;
    if (kind < 5.5) return noise3(rest * 26.0 / scale) > 0.62 ? other : base;
    if (kind < 6.5) return mix(base * 0.6, other, step(0.5, noise3(rest * 13.0)));
    float band = abs(rest.z - 1.25);
    return band < 0.022 * scale && abs(rest.x) < 0.11 && abs(fract(rest.x * 22.0) - 0.5) > 0.18 ? other : base;
}

vec3 face(vec3 base, vec3 hair) {
    vec3 p = rest;
    vec3 tone = base;
    float front = smoothstep(0.03, 0.07, p.y);
    float brow = 1.0 - smoothstep(0.004, 0.009, abs(p.z - 1.603));
    float eye_at = length(vec2(abs(p.x) - 0.031, (p.z - 1.587) * 1.5));
    tone = mix(tone, hair * 0.7, front * brow * step(0.012, abs(p.x)) * step(abs(p.x), 0.050) * 0.8);
    tone = mix(tone, vec3(0.03), front * (1.0 - smoothstep(0.010, 0.016, eye_at)) * 0.85);
    tone *= 1.0 - front * 0.22 * (1.0 - smoothstep(0.02, 0.032, eye_at));
    float mouth = length(vec2(p.x * 0.55, p.z - 1.520));
    tone = mix(tone, base * vec3(0.55, 0.45, 0.75), front * (1.0 - smoothstep(0.008, 0.014, mouth)));
    return tone;
}

void main() {
    vec4 cut = texelFetch(people, ivec2(63, row), 0);
    vec4 pattern = texelFetch(people, ivec2(64, row), 0);
    vec4 extra = texelFetch(people, ivec2(65, row), 0);   // garment, strap, mask, ident
    float gloss = 0.04, fold = 0.0;
    vec3 base;
    if (part >= 0) {
        base = paint(part);
        if (part == HAIR) { gloss = 0.10; base *= 1.0 + 0.3 * (texture(rough, vec2(atan(rest.x, rest.y) * 0.9, rest.z * 0.6)).b * 2.0 - 1.0); }
        else fold = 0.25;
            } else {
        vec3 skin = paint(SKIN), top = paint(TOP), bottom = paint(BOTTOM);
        int garment = int(extra.x + 0.5);
        bool open_front = garment == 2 || garment == 3;
        bool leg = bone >= 11;
        fold = 1.0;
        if (bone == 4 || rest.z > 1.475) { base = face(skin, paint(HAIR)); fold = 0.0;
            if (extra.z > 0.5 && rest.y > 0.02 && rest.z < 1.560) base = vec3(0.62, 0.64, 0.60); }
        else if (arm > 0.985) { base = skin; fold = 0.0; }
        else if (arm > cut.x) { base = skin; fold = 0.0; }
        else if (rest.z < 0.085 && leg) { base = paint(SHOES); if (rest.z < 0.022) base = mix(base, vec3(0.6), 0.35); fold = 0.2; }
        else if (rest.z < cut.y) { base = leg ? (extra.w > 0.5 ? bottom * 0.5 + 0.01 : skin) : bottom; fold = 0.0; }
        else if (rest.z < cut.w && arm < 0.1) { base = cloth(BOTTOM, pattern.y, pattern.z, bottom, paint(ACCENT)); }
        else {
            base = cloth(TOP, pattern.x, pattern.z, top, paint(ACCENT));
            float v = rest.z - cut.z - 0.9 * abs(rest.x);
            if (v > 0.0 && rest.y > 0.0 && arm < 0.08) { base = open_front ? paint(ACCENT) : skin; }
            if (rest.z > 1.452 && arm < 0.08) base = open_front && rest.z < 1.468 ? top : skin;
            if (open_front && rest.y > 0.02 && arm < 0.08 && abs(rest.x) < 0.018 + 0.09 * max(rest.z - 1.12, 0.0)) base = paint(ACCENT);
            if (garment == 4) base *= 0.86 + 0.14 * cos(rest.z * 56.0);
            if (abs(rest.z - cut.w - 0.012) < 0.010) base *= 0.72;
        }
        if (extra.y > 0.5 && arm < 0.12 && rest.y > -0.03 && rest.z > 1.16 && rest.z < 1.45 && abs(abs(rest.x) - 0.098) < 0.022)
            base = paint(BAG);
        gloss = fold > 0.5 ? pattern.w : 0.06;
    }
    vec3 n = normalize(normal);
    if (fold > 0.0) {
        vec2 q = vec2(rest.x + rest.y * sign(rest.x + 0.001), rest.z * 0.72) * 0.9 + float(row) * 0.173;
        vec3 r = texture(rough, q).rgb * 2.0 - 1.0;
        n = normalize(n + fold * 0.55 * vec3(r.x, r.x * sign(rest.x), r.y));
        base *= 1.0 + 0.14 * r.z;
    }
    vec2 near = crowding(world);
    float low = clamp(1.0 - rest.z / 1.55, 0.0, 1.0);
    float shade = open_sky / (1.0 + 0.55 * near.g * low);
    vec3 light = mix(ground, sky, 0.5 + 0.5 * n.z) * shade * (1.0 - 0.35 * clamp(near.r - 1.0, 0.0, 1.0) * low);
    light += lamplight(world, n, 0.25) * (0.4 + 0.6 * open_sky) / (1.0 + 0.35 * near.g * low);
    light += key_light(world + n * 0.02, n, fold < 0.1 ? 0.2 : 0.08, 0.0022, 0.7) * (0.5 + 0.5 * open_sky);
    vec3 seen = normalize(eye - world);
    float rim = pow(1.0 - max(dot(n, seen), 0.0), 4.0);
    vec3 lit = base * light + (gloss + 0.05 * wet) * rim * sky * open_sky;
    colour = vec4(hazed(lit, world), 1.0);
    bool head = part < 0 ? bone == 4 : (part == HAIR || part == HAT) && length((rest - vec3(0.0, 0.0, 1.595)) / vec3(0.125, 0.145, 0.15)) < 1.0;
    vec2 a = here.xy / here.w, b = later.xy / later.w;
    float ident = texelFetch(people, ivec2(62, row), 0).w;
    info = vec4(ident * 2.0 + (head ? 1.0 : 0.0), (b - a) * half_size, 1.0);
}
