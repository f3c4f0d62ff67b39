/* Two dozen loops of the kinds that compilers vectorize, or programmers by hand, over small arrays, n times. */
#include "workload.h"
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#define COUNT 1024
#define EACH(i) for (int i = 0; i < COUNT; i++)

static float fa[COUNT + 4], fb[COUNT], fc[COUNT];
static double da[COUNT], db[COUNT], dc[COUNT];
static int32_t ia[COUNT], ib[COUNT], ic[COUNT];
static int16_t sa[2 * COUNT], sb[COUNT], sc[COUNT];
static uint8_t ba[4 * COUNT], bb[4 * COUNT], bc[COUNT + 16];

static void floats(float k) {
    EACH(i) fb[i] += k * fa[i];
    EACH(i) fc[i] = fb[i] < -1.0f ? -1.0f : fb[i] > 1.0f ? 1.0f : fb[i];
    EACH(i) fa[i] = fa[i] > fc[i] ? fa[i] - fc[i] : fc[i] * 0.5f;
    EACH(i) fb[i] = (fa[i] + fa[i + 1] + fa[i + 2] + fa[i + 3]) * 0.25f;
    EACH(i) fc[i] = __builtin_fabsf(fb[i]) / (1.0f + fa[i] * fa[i]);
}

static void complex_products(void) {
    for (int i = 0; i < COUNT; i += 2) {
        float re = fb[i] * fc[i] - fb[i + 1] * fc[i + 1], im = fb[i] * fc[i + 1] + fb[i + 1] * fc[i];
        fa[i] = re;
        fa[i + 1] = im;
    }
}

static void doubles(double k) {
    EACH(i) dc[i] = da[i] * k + db[i];
    EACH(i) db[i] = __builtin_sqrt(dc[i] * dc[i] + da[i] * da[i]);
    EACH(i) da[i] = (dc[i] - db[i]) * 0.25;
}

static void conversions(void) {
    EACH(i) fb[i] = (float)bb[i] * (1.0f / 255.0f);
    EACH(i) sc[i] = (int16_t)(fc[i] * 127.0f);
    EACH(i) da[i] = (double)ia[i] * 0x1p-31;
    EACH(i) ic[i] = (int32_t)(fb[i] * 1000.0f) + sb[i];
}

static uint32_t integers(int32_t k) {
    uint32_t most = 0, sum = 0;
    EACH(i) ic[i] = ia[i] * k + (ib[i] >> 3);
    EACH(i) ib[i] = ic[i] < 0 ? -ic[i] : ic[i] ^ ia[i];
    EACH(i) most = (uint32_t)ib[i] > most ? (uint32_t)ib[i] : most;
    EACH(i) sum += (uint32_t)(sb[i] * sc[i]);
    EACH(i) {
        uint32_t x = (uint32_t)ia[i] * 2654435761u;
        ia[i] = (int32_t)((x ^ x >> 15 ^ (uint32_t)ic[i]) * 2246822519u);
    }
    return most ^ sum;
}

static uint32_t bytes(uint8_t wanted) {
    uint32_t sum = 0, differences = 0, found = 0, other = 0;
    EACH(i) sum += ba[i];
    EACH(i) differences += (uint32_t)(ba[i] > bb[i] ? ba[i] - bb[i] : bb[i] - ba[i]);
    EACH(i) found += ba[i] == wanted;
    EACH(i) other |= (uint32_t)(ba[i] ^ bb[i]);
    EACH(i) bc[i] = ba[i] >= 'a' && ba[i] <= 'z' ? ba[i] - 32 : ba[i];
    for (int i = 1; i < COUNT - 1; i++) bb[i] = (uint8_t)((bc[i - 1] + 2 * bc[i] + bc[i + 1] + 2) >> 2);
    return sum * 31 + differences * 7 + found * 3 + other;
}

static void places(void) {
    EACH(i) bc[i] = (uint8_t)((ba[4 * i] * 77 + ba[4 * i + 1] * 151 + ba[4 * i + 2] * 28) >> 8);
    EACH(i) ib[i] = (int32_t)__builtin_bswap32((uint32_t)ic[i]);
    EACH(i) sc[i] = (int16_t)((sa[2 * i] + sa[2 * i + 1]) >> 1);
    EACH(i) {
        sa[2 * i] = sb[i];
        sa[2 * i + 1] = sc[i];
    }
    EACH(i) ic[i] = ib[COUNT - 1 - i];
}

/* Where a byte stands first, or COUNT. */
static uint32_t first_of(uint8_t wanted) {
#ifdef __wasm_simd128__
    for (uint32_t i = 0; i < COUNT; i += 16) {
        uint32_t mask = wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(ba + i), wasm_u8x16_splat(wanted)));
        if (mask) return i + (uint32_t)__builtin_ctz(mask);
    }
    return COUNT;
#else
    uint32_t i = 0;
    while (i < COUNT && ba[i] != wanted) i++;
    return i;
#endif
}

/* How many bytes stand in a class that four bits of them choose from a table, and follow one that does not. */
static uint32_t beginnings(void) {
    static const uint8_t classes[16] = {1, 0, 2, 0, 4, 4, 0, 8, 0, 0, 16, 1, 0, 2, 0, 32};
    uint32_t found = 0;
#ifdef __wasm_simd128__
    v128_t table = wasm_v128_load(classes), before = wasm_i8x16_splat(0), none = wasm_i8x16_splat(0);
    for (int i = 0; i < COUNT; i += 16) {
        v128_t class = wasm_i8x16_swizzle(table, wasm_u8x16_shr(wasm_v128_load(ba + i), 4));
        v128_t is_in = wasm_i8x16_ne(class, none);
        v128_t shifted = wasm_i8x16_shuffle(before, is_in, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
        found += (uint32_t)__builtin_popcount(wasm_i8x16_bitmask(wasm_v128_andnot(is_in, shifted)));
        before = is_in;
    }
#else
    int before = 0;
    EACH(i) {
        int is_in = classes[ba[i] >> 4] != 0;
        found += (uint32_t)(is_in && !before);
        before = is_in;
    }
#endif
    return found;
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 88172645u, sum = 0;
    for (int i = 0; i < 4 * COUNT; i++) ba[i] = (uint8_t)(next_random(&state) >> 24);
    EACH(i) {
        uint32_t r = next_random(&state);
        ia[i] = (int32_t)r;
        sa[2 * i] = sa[2 * i + 1] = sb[i] = (int16_t)(r >> 16);
        fa[i] = (float)(r >> 8) / 16777216.0f;
        fb[i] = fc[i] = 0;
        da[i] = db[i] = 0;
        ib[i] = ic[i] = 0;
        bb[i] = bc[i] = 0;
    }
    for (uint32_t round = 0; round < n; round++) {
        floats((float)(round & 7) * 0.125f);
        complex_products();
        doubles(0.5);
        conversions();
        sum = sum * 31 + integers((int32_t)round | 1);
        sum = sum * 31 + bytes((uint8_t)round);
        places();
        sum = sum * 31 + first_of((uint8_t)(round * 37)) + beginnings();
        ba[round % COUNT] = (uint8_t)sum;
    }
    EACH(i) sum = fold(sum * 31 + (uint32_t)ic[i] + bc[i], (double)fa[i] + da[i]);
    return sum;
}
