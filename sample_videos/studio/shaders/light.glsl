uniform vec3 eye;
uniform vec3 sky;            // linear light of the whole sky
uniform vec3 ground;         // light thrown back by the ground
uniform vec3 key_colour;     // sun or main lamp
uniform vec4 key_place;      // direction to the sun (w = 0), or place of the lamp (w = 1)
uniform mat4 key_view;       // shadow map of the figures
uniform mat4 set_view;       // shadow map of the set
uniform sampler2DShadow key_shadow;
uniform sampler2DShadow set_shadow;
uniform float key_soft;      // texels
uniform int lamps;
uniform vec3 lamp_place[8];
uniform vec3 lamp_power[8];
uniform sampler2D crowd;     // r: feet close by, g: persons per square metre around
uniform vec4 crowd_box;      // x0, y0, 1 / width, 1 / height
uniform vec3 haze_colour;
uniform float haze;          // 1 / m
uniform float wet;

float grain(vec3 p) {
    p = fract(p * 0.3183099 + vec3(0.71, 0.113, 0.419));
    p *= 17.0;
    return fract(p.x * p.y * p.z * (p.x + p.y + p.z));
}

float noise3(vec3 x) {
    vec3 i = floor(x), f = fract(x);
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(mix(grain(i), grain(i + vec3(1, 0, 0)), f.x), mix(grain(i + vec3(0, 1, 0)), grain(i + vec3(1, 1, 0)), f.x), f.y),
               mix(mix(grain(i + vec3(0, 0, 1)), grain(i + vec3(1, 0, 1)), f.x),
                   mix(grain(i + vec3(0, 1, 1)), grain(i + vec3(1, 1, 1)), f.x), f.y), f.z);
}

float mapped(sampler2DShadow map, mat4 view, vec3 world, float bias, float soft) {
    vec4 at = view * vec4(world, 1.0);
    if (at.w <= 0.0) return 1.0;
    vec3 p = at.xyz / at.w * 0.5 + 0.5;
    if (any(lessThan(p, vec3(0.0))) || any(greaterThan(p, vec3(1.0)))) return 1.0;
    vec2 texel = soft / vec2(textureSize(map, 0));
    p.z -= bias;
    if (soft < 0.01) return texture(map, p);
    float lit = texture(map, p);
    lit += texture(map, p + vec3(texel.x, 0.4 * texel.y, 0.0));
    lit += texture(map, p + vec3(-0.4 * texel.x, texel.y, 0.0));
    if (lit < 0.01 || lit > 2.99) return lit / 3.0;
    lit += texture(map, p + vec3(-texel.x, -0.4 * texel.y, 0.0));
    lit += texture(map, p + vec3(0.4 * texel.x, -texel.y, 0.0));
    return lit / 5.0;
}

vec2 crowding(vec3 world) {
    vec2 at = (world.xy - crowd_box.xy) * crowd_box.zw;
    if (any(lessThan(at, vec2(0.0))) || any(greaterThan(at, vec2(1.0)))) return vec2(0.0);
    return texture(crowd, at).rg;
}

vec3 lamplight(vec3 world, vec3 normal, float wrap) {
    vec3 total = vec3(0.0);
    for (int i = 0; i < lamps; i++) {
        vec3 way = lamp_place[i] - world;
        float square = max(dot(way, way), 0.25);
        float facing = max((dot(normal, way * inversesqrt(square)) + wrap) / (1.0 + wrap), 0.0);
        total += lamp_power[i] * facing / square;
    }
    return total;
}

vec3 key_light(vec3 world, vec3 normal, float wrap, float shadow_bias, float soften) {
    vec3 way = key_place.xyz;
    vec3 power = key_colour;
    if (key_place.w > 0.5) {
        way -= world;
        float square = max(dot(way, way), 0.25);
        power /= square;
        way *= inversesqrt(square);
    }
    float facing = max((dot(normal, way) + wrap) / (1.0 + wrap), 0.0);
    if (facing * max(power.r, max(power.g, power.b)) < 1e-4) return vec3(0.0);
    float lit = mapped(key_shadow, key_view, world, shadow_bias, key_soft * soften);
    if (lit > 0.01) lit *= mapped(set_shadow, set_view, world, 0.0015, soften > 0.8 ? 1.2 : 0.0);
    return power * facing * lit;
}

vec3 hazed(vec3 colour, vec3 world) {
    float through = exp(-haze * distance(world, eye));
    return mix(haze_colour, colour, through);
}
