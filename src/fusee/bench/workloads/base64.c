/* Encodes a buffer in base64 n times, each time another one. */
#include "workload.h"
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#define BYTES 12288 /* a multiple of twelve */

static uint8_t plain[BYTES + 16], encoded[BYTES / 3 * 4];

#ifdef __wasm_simd128__
/* Twelve bytes to sixteen letters. The sixths are spread by two multiplications, as W. Mula found. */
static inline v128_t encode_twelve(v128_t in) {
    in = wasm_i8x16_shuffle(in, in, 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    v128_t ac = wasm_v128_and(in, wasm_i32x4_splat(0x0FC0FC00));
    v128_t ac_low = wasm_u16x8_shr(wasm_i32x4_make(0, 0, 0, 0), 0);
    ac_low = wasm_v128_or(wasm_v128_and(wasm_u16x8_shr(ac, 10), wasm_i32x4_splat(0x0000003F)),
                          wasm_v128_and(wasm_u16x8_shr(ac, 6), wasm_i32x4_splat(0x003F0000)));
    v128_t bd = wasm_v128_and(in, wasm_i32x4_splat(0x003F03F0));
    v128_t bd_high = wasm_v128_or(wasm_v128_and(wasm_i16x8_shl(bd, 4), wasm_i32x4_splat(0x00003F00)),
                                  wasm_v128_and(wasm_i16x8_shl(bd, 8), wasm_i32x4_splat(0x3F000000)));
    v128_t sixths = wasm_v128_or(ac_low, bd_high);
    v128_t kind = wasm_u8x16_sub_sat(sixths, wasm_i8x16_splat(51));
    kind = wasm_v128_or(kind, wasm_v128_and(wasm_i8x16_lt(sixths, wasm_i8x16_splat(26)), wasm_i8x16_splat(13)));
    v128_t offsets = wasm_i8x16_make('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                     '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    return wasm_i8x16_add(sixths, wasm_i8x16_swizzle(offsets, kind));
}
#endif

static void encode(void) {
#ifdef __wasm_simd128__
    for (int i = 0, k = 0; i < BYTES; i += 12, k += 16)
        wasm_v128_store(encoded + k, encode_twelve(wasm_v128_load(plain + i)));
#else
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0, k = 0; i < BYTES; i += 3, k += 4) {
        uint32_t three = (uint32_t)plain[i] << 16 | (uint32_t)plain[i + 1] << 8 | plain[i + 2];
        encoded[k] = (uint8_t)letters[three >> 18];
        encoded[k + 1] = (uint8_t)letters[three >> 12 & 63];
        encoded[k + 2] = (uint8_t)letters[three >> 6 & 63];
        encoded[k + 3] = (uint8_t)letters[three & 63];
    }
#endif
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 2463534242u, sum = 0;
    for (int i = 0; i < BYTES; i++) plain[i] = (uint8_t)(next_random(&state) >> 24);
    for (uint32_t i = 0; i < n; i++) {
        encode();
        uint32_t place = i * 97 % (BYTES / 3 * 4);
        sum = (sum ^ encoded[place]) * 16777619u;
        plain[i % BYTES] = encoded[place];
    }
    for (int k = 0; k < BYTES / 3 * 4; k++) sum = (sum ^ encoded[k]) * 16777619u;
    return sum;
}
