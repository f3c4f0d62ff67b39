/* A layer of a small neural network in bytes: 64 outputs from 256 inputs, n times, each feeding the next. */
#include "workload.h"
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#define INPUTS 256
#define OUTPUTS 256

static int8_t weights[OUTPUTS][INPUTS], values[INPUTS], following[OUTPUTS];

/* Inputs have seven bits, so that the relaxed instruction has one result on all machines. */
static int32_t dot(const int8_t *a, const int8_t *b) {
#ifdef __wasm_simd128__
    v128_t sums = wasm_i32x4_const_splat(0);
    for (int i = 0; i < INPUTS; i += 16)
        sums = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(wasm_v128_load(a + i), wasm_v128_load(b + i), sums);
    return wasm_i32x4_extract_lane(sums, 0) + wasm_i32x4_extract_lane(sums, 1) + wasm_i32x4_extract_lane(sums, 2) +
           wasm_i32x4_extract_lane(sums, 3);
#else
    int32_t sum = 0;
    for (int i = 0; i < INPUTS; i++) sum += a[i] * b[i];
    return sum;
#endif
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 88675123u, sum = 0;
    for (int o = 0; o < OUTPUTS; o++)
        for (int i = 0; i < INPUTS; i++) weights[o][i] = (int8_t)(next_random(&state) >> 24);
    for (int i = 0; i < INPUTS; i++) values[i] = (int8_t)(next_random(&state) >> 25);
    for (uint32_t round = 0; round < n; round++) {
        for (int o = 0; o < OUTPUTS; o++) following[o] = (int8_t)((dot(weights[o], values) >> 6) & 127);
        for (int i = 0; i < INPUTS; i++) values[i] = following[i];
        sum = (sum ^ (uint32_t)values[round % INPUTS]) * 16777619u;
    }
    return sum;
}
