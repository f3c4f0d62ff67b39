/* Where two neighbouring letters of a pattern occur in a text: the candidates of a string search, n texts. */
#include "workload.h"
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#define LENGTH 16384

static uint8_t text[LENGTH + 16];

static void write(uint32_t *state) {
    for (int i = 0; i < LENGTH; i++) {
        uint32_t r = next_random(state);
        text[i] = (uint8_t)(r & 7 ? 'a' + (r >> 8) % 26 : ' ');
    }
}

/* The sum of all places where `first` stands before `second`, each mixed with the number of those before. */
static uint32_t find(uint8_t first, uint8_t second) {
    uint32_t sum = 0, count = 0;
#ifdef __wasm_simd128__
    v128_t wanted = wasm_i8x16_splat((int8_t)first), following = wasm_i8x16_splat((int8_t)second);
    for (int i = 0; i < LENGTH; i += 16) {
        v128_t here = wasm_i8x16_eq(wasm_v128_load(text + i), wanted);
        v128_t next = wasm_i8x16_eq(wasm_v128_load(text + i + 1), following);
        uint32_t found = wasm_i8x16_bitmask(wasm_v128_and(here, next));
        while (found) {
            sum += (uint32_t)(i + __builtin_ctz(found)) ^ count++;
            found &= found - 1;
        }
    }
#else
    for (int i = 0; i < LENGTH; i++)
        if (text[i] == first && text[i + 1] == second) sum += (uint32_t)i ^ count++;
#endif
    return sum;
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 123456789u, sum = 0;
    write(&state);
    for (uint32_t i = 0; i < n; i++) sum = sum * 31 + find((uint8_t)('a' + i % 26), (uint8_t)('a' + (i / 26 + sum) % 26));
    return sum;
}
