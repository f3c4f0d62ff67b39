/* Whether texts are UTF-8 (Unicode 15, table 3-7), n times: mostly ASCII, with some longer characters. */
#include "workload.h"
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#define LENGTH 16384

static uint8_t text[LENGTH + 16];

static int put(int at, uint32_t code) {
    if (code < 0x80) {
        text[at++] = (uint8_t)code;
    } else if (code < 0x800) {
        text[at++] = (uint8_t)(0xC0 | code >> 6);
        text[at++] = (uint8_t)(0x80 | (code & 63));
    } else {
        text[at++] = (uint8_t)(0xE0 | code >> 12);
        text[at++] = (uint8_t)(0x80 | (code >> 6 & 63));
        text[at++] = (uint8_t)(0x80 | (code & 63));
    }
    return at;
}

static int in_range(uint8_t byte, uint8_t low, uint8_t high) { return byte >= low && byte <= high; }

/* The length of the character here, or 0. */
static int character(const uint8_t *p) {
    if (p[0] < 0x80) return 1;
    if (in_range(p[0], 0xC2, 0xDF)) return in_range(p[1], 0x80, 0xBF) ? 2 : 0;
    if (in_range(p[0], 0xE0, 0xEF)) {
        uint8_t low = p[0] == 0xE0 ? 0xA0 : 0x80, high = p[0] == 0xED ? 0x9F : 0xBF;
        return in_range(p[1], low, high) && in_range(p[2], 0x80, 0xBF) ? 3 : 0;
    }
    return 0;
}

/* How far the text is valid. */
static int validate(void) {
    int at = 0;
    while (at < LENGTH) {
#ifdef __wasm_simd128__
        while (at <= LENGTH - 16 && !wasm_i8x16_bitmask(wasm_v128_load(text + at))) at += 16;
        if (at >= LENGTH) break;
#endif
        int length = character(text + at);
        if (!length) break;
        at += length;
    }
    return at;
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 2463534242u, sum = 0;
    int at = 0;
    while (at < LENGTH - 4) {
        uint32_t r = next_random(&state);
        at = put(at, (r >> 24) < 250 ? 32 + (r & 63) : (r >> 24) < 253 ? 0x80 + (r & 1023) : 0x3000 + (r & 4095));
    }
    while (at < LENGTH) text[at++] = 'a';
    for (uint32_t i = 0; i < n; i++) {
        uint32_t place = next_random(&state) % LENGTH;
        uint8_t kept = text[place];
        if (i % 4 == 0) text[place] ^= 0x80;
        sum = sum * 31 + (uint32_t)validate();
        text[place] = kept;
    }
    return sum;
}
