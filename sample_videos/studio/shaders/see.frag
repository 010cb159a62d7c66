uniform sampler2D picture;
uniform sampler2D infos;
uniform sampler2D bend;      // where each pixel of the picture looks, in pixels of the drawing
uniform vec2 inner;          // size of the drawing
uniform float spread;        // pixels of the drawing to a pixel of the picture
in vec2 at;
layout(location = 0) out vec4 colour;
layout(location = 1) out vec4 found;

vec3 moved(vec2 where) {
    vec2 way = texture(infos, where / inner).gb;
    float far = length(way);
    if (far < 0.75) return texture(picture, where / inner).rgb;
    way *= min(1.0, 40.0 / far);
    vec3 total = vec3(0.0);
    for (int i = 0; i < 7; i++) total += texture(picture, (where + way * (float(i) / 6.0 - 0.5)) / inner).rgb;
    return total / 7.0;
}

void main() {
    vec2 where = texelFetch(bend, ivec2(gl_FragCoord.xy), 0).rg;
    float q = spread * 0.25;
    colour = vec4((moved(where + vec2(q, q)) + moved(where + vec2(-q, q)) + moved(where + vec2(q, -q)) + moved(where - vec2(q, q))) * 0.25, 1.0);
    found = vec4(texelFetch(infos, ivec2(clamp(where, vec2(0.0), inner - 1.0)), 0).r, 0.0, 0.0, 1.0);
}
