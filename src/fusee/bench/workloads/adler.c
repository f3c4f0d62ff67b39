/* Adler-32 (RFC 1950, 8.2) of a text of 32 KiB, n times, of which a little changes each time. */
#include "workload.h"
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#define LENGTH 32768
#define MODULUS 65521
#define BLOCK 4096 /* after so many bytes the sums are taken modulo, before they overflow 32 bits */

static uint8_t text[LENGTH];

static uint32_t adler(void) {
    uint32_t a = 1, b = 0;
    for (int start = 0; start < LENGTH; start += BLOCK) {
#ifdef __wasm_simd128__
        /* A byte counts in b once for itself and each byte after it: within sixteen by its weight, then by the sum before. */
        const v128_t first = wasm_i16x8_make(16, 15, 14, 13, 12, 11, 10, 9), last = wasm_i16x8_make(8, 7, 6, 5, 4, 3, 2, 1);
        v128_t sums = wasm_i32x4_splat(0), before = sums, weighted = sums;
        for (int i = start; i < start + BLOCK; i += 16) {
            v128_t bytes = wasm_v128_load(text + i);
            before = wasm_i32x4_add(before, sums);
            sums = wasm_i32x4_add(sums, wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(bytes)));
            weighted = wasm_i32x4_add(weighted, wasm_i32x4_dot_i16x8(wasm_u16x8_extend_low_u8x16(bytes), first));
            weighted = wasm_i32x4_add(weighted, wasm_i32x4_dot_i16x8(wasm_u16x8_extend_high_u8x16(bytes), last));
        }
        v128_t all = wasm_i32x4_add(weighted, wasm_i32x4_shl(before, 4));
        b += a * BLOCK;
        for (int lane = 0; lane < 4; lane++) {
            a += ((const uint32_t *)&sums)[lane];
            b += ((const uint32_t *)&all)[lane] % MODULUS;
        }
#else
        for (int i = start; i < start + BLOCK; i++) {
            a += text[i];
            b += a;
        }
#endif
        a %= MODULUS;
        b %= MODULUS;
    }
    return b << 16 | a;
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 2463534242u, sum = 0;
    for (int i = 0; i < LENGTH; i++) text[i] = (uint8_t)(next_random(&state) >> 24);
    for (uint32_t round = 0; round < n; round++) {
        sum = sum * 31 + adler();
        text[next_random(&state) % LENGTH] = (uint8_t)sum;
    }
    return sum;
}
