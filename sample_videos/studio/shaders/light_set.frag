uniform sampler2D albedo_map;
uniform sampler2D glow_map;
uniform sampler2D shape_map;
uniform mat3 axes;           // columns: right, down, forward
uniform vec4 lens;           // focal x, focal y, middle u, middle v (pixels)
uniform vec2 planes;         // near, far
uniform vec3 sky_low;
uniform vec3 sky_high;
uniform float clouds;
in vec2 at;
layout(location = 0) out vec4 colour;
layout(location = 1) out vec4 info;

void main() {
    vec4 shape = texture(shape_map, at);
    vec3 ray = axes * vec3((gl_FragCoord.xy - lens.zw) / lens.xy, 1.0);
    info = vec4(0.0);
    if (shape.w <= 0.0) {
        vec3 way = normalize(ray);
        float up = clamp(way.z * 2.2, 0.0, 1.0);
        float veil = noise3(vec3(way.xy / max(way.z + 0.12, 0.06) * 1.1, 3.0)) * 0.6 + 0.4 * noise3(vec3(way.xy / max(way.z + 0.12, 0.06) * 3.1, 9.0));
        colour = vec4(mix(mix(sky_low, sky_high, up) * mix(1.0, 0.75 + 0.5 * veil, clouds), haze_colour, 1.0 - exp(-haze * 250.0)), 1.0);
        gl_FragDepth = 1.0;
        return;
    }
    vec3 world = eye + ray * shape.w;
    vec4 base = texture(albedo_map, at);
    vec3 n = shape.xyz;
    bool level = n.z > 0.85;
    vec2 near = level || world.z < 1.2 ? crowding(world) : vec2(0.0);
    float low = level ? 1.0 : clamp(1.0 - world.z, 0.0, 1.0);
    float shade = (1.0 - 0.62 * clamp(near.r, 0.0, 1.0)) / (1.0 + 0.32 * near.g * low);
    vec3 light = mix(ground, sky, 0.55 + 0.45 * n.z) * shade + lamplight(world, n, 0.1) * (0.3 + 0.7 * shade);
    light += key_light(world + n * 0.01, n, 0.0, 0.0012, 1.0);
    vec3 albedo = base.rgb;
    vec3 extra = vec3(0.0);
    if (wet > 0.0 && level) {
        float puddle = smoothstep(0.45, 0.75, noise3(vec3(world.xy * 0.45, 2.0)) * 0.7 + noise3(vec3(world.xy * 2.0, 5.0)) * 0.3);
        albedo *= mix(1.0, 0.48, wet);
        vec3 ripple = vec3(noise3(vec3(world.xy * 9.0, 1.0)) - 0.5, noise3(vec3(world.xy * 9.0, 7.0)) - 0.5, 0.0) * mix(0.16, 0.03, puddle);
        vec3 mirror = reflect(normalize(ray), normalize(n + ripple));
        float fresnel = 0.03 + 0.97 * pow(1.0 - clamp(mirror.z, 0.0, 1.0), 5.0);
        extra += wet * fresnel * mix(0.4, 1.0, puddle) * mix(sky_low, sky_high, clamp(mirror.z * 2.0, 0.0, 1.0)) * shade;
        for (int i = 0; i < lamps; i++) {
            vec3 way = normalize(lamp_place[i] - world);
            vec3 flat_way = normalize(vec3(mirror.xy, mirror.z * 0.55 + way.z * 0.45));
            extra += wet * lamp_power[i] * 0.035 * pow(max(dot(flat_way, way), 0.0), 420.0) * (0.5 + puddle) * shade;
        }
    }
    vec3 lit = albedo * light + extra + texture(glow_map, at).rgb;
    colour = vec4(hazed(lit, world), 1.0);
    float z = shape.w;
    gl_FragDepth = 0.5 + 0.5 * ((planes.y + planes.x) / (planes.y - planes.x) - 2.0 * planes.x * planes.y / (planes.y - planes.x) / z);
}
