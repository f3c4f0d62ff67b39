/* Pictures of RGBA bytes laid over one another n times, each a little moved: result = over + under * (255 - alpha) / 255. */
#include "workload.h"

#define WIDTH 96
#define HEIGHT 64
#define BYTES (WIDTH * HEIGHT * 4)

static uint8_t picture[BYTES];
static uint8_t layer[BYTES], opacity[BYTES];

static void draw(void) {
    uint32_t state = 88675123u;
    for (int i = 0; i < BYTES; i += 4) {
        uint32_t pixel = next_random(&state);
        uint8_t alpha = (uint8_t)(pixel >> 24);
        for (int k = 0; k < 4; k++) {
            picture[i + k] = (uint8_t)(pixel >> (k * 3));
            layer[i + k] = (uint8_t)((uint8_t)(pixel >> (k * 8)) * alpha / 256);
            opacity[i + k] = (uint8_t)(255 - alpha);
        }
    }
}

/* The product of two bytes as a byte: exact for 255, and rounded. */
static inline uint8_t scaled(uint8_t a, uint8_t b) {
    uint16_t product = (uint16_t)((uint16_t)a * b + 128);
    return (uint8_t)((uint16_t)(product + (product >> 8)) >> 8);
}

static inline uint8_t brighter(uint8_t a, uint8_t b) {
    uint16_t sum = (uint16_t)(a + b);
    return (uint8_t)(sum > 255 ? 255 : sum);
}

static void lay_over(int moved) {
    for (int i = 0; i < BYTES - moved; i++) picture[i] = brighter(layer[i + moved], scaled(picture[i], opacity[i + moved]));
}

WORKLOAD uint32_t run(uint32_t n) {
    draw();
    for (uint32_t i = 0; i < n; i++) lay_over((int)(i % 16) * 4);
    uint32_t sum = 0;
    for (int i = 0; i < BYTES; i++) sum = (sum ^ picture[i]) * 16777619u;
    return sum;
}
