/* The product of two 64 by 64 matrices of f32, n times, each result feeding the next. */
#include "workload.h"

#define SIZE 64

static float a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

static void prepare(void) {
    uint32_t state = 521288629u;
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            a[i][j] = (float)(next_random(&state) >> 8) / 16777216.0f;
            b[i][j] = (float)(next_random(&state) >> 8) / 16777216.0f / SIZE;
        }
}

/* Row by row: the inner loop goes along the rows of both, so that four columns are one vector. */
static void multiply(void) {
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) c[i][j] = 0;
        for (int k = 0; k < SIZE; k++)
            for (int j = 0; j < SIZE; j++) c[i][j] += a[i][k] * b[k][j];
    }
}

WORKLOAD uint32_t run(uint32_t n) {
    prepare();
    for (uint32_t round = 0; round < n; round++) {
        multiply();
        for (int i = 0; i < SIZE; i++)
            for (int j = 0; j < SIZE; j++) a[i][j] = c[i][j] + 0.5f;
    }
    uint32_t sum = 2166136261u;
    for (int i = 0; i < SIZE; i++) sum = fold(sum, (double)c[i][i]);
    return sum;
}
