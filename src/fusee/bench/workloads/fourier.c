/* Fourier transforms of 256 complex numbers in f32, n of them, there and back. */
#include "workload.h"

#define SIZE 256
#define STEPS 8

static float re[SIZE], im[SIZE], cosines[SIZE], sines[SIZE];

/* Roots of one, by halving angles and turning: there is no library here. */
static void prepare(void) {
    float c = -1, s = 0;
    int at = 1;
    cosines[0] = 1;
    /* Of each length of butterflies the roots follow one another: at `half` those of 2 * half. */
    for (int half = 1; half < SIZE; half *= 2) {
        float x = 1, y = 0;
        for (int k = 0; k < half; k++) {
            cosines[half + k] = x;
            sines[half + k] = y;
            float turned = x * c - y * s;
            y = x * s + y * c;
            x = turned;
        }
        float next = __builtin_sqrtf((1 + c) * 0.5f);
        s = half == 1 ? 1 : s / (2 * next);
        c = half == 1 ? 0 : next;
    }
    (void)at;
}

static void butterflies(float *restrict r0, float *restrict i0, float *restrict r1, float *restrict i1,
                        const float *restrict c, const float *restrict s, int half) {
    for (int k = 0; k < half; k++) {
        float x = r1[k] * c[k] - i1[k] * s[k], y = r1[k] * s[k] + i1[k] * c[k];
        r1[k] = r0[k] - x;
        i1[k] = i0[k] - y;
        r0[k] += x;
        i0[k] += y;
    }
}

/* In the order of the input reversed, which a transform there and back does not mind. */
static void transform(void) {
    for (int half = 1; half < SIZE; half *= 2)
        for (int start = 0; start < SIZE; start += 2 * half)
            butterflies(re + start, im + start, re + start + half, im + start + half, cosines + half, sines + half, half);
    for (int k = 0; k < SIZE; k++) {
        re[k] *= 0.0625f;
        im[k] *= -0.0625f;
    }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 362436069u, sum = 0;
    prepare();
    for (int k = 0; k < SIZE; k++) {
        re[k] = (float)(next_random(&state) >> 16) / 65536.0f - 0.5f;
        im[k] = 0;
    }
    for (uint32_t i = 0; i < n; i++) transform();
    for (int k = 0; k < SIZE; k++) sum = fold(fold(sum, (double)re[k]), (double)im[k]);
    return sum;
}
