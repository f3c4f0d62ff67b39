/* The largest singular value of an infinite matrix, a corner of it, by the power method: n steps, all divisions in f64. */
#include "workload.h"

#define SIZE 64

static double vector[SIZE], product[SIZE], between[SIZE];

/* 1, 1/2, 1/4, 1/7 … along the first row, 1, 1/3, 1/6 … down the first column. */
static double element(int row, int column) {
    int diagonal = row + column;
    return 1.0 / (diagonal * (diagonal + 1) / 2 + row + 1);
}

static void multiply(const double *by, double *result) {
    for (int row = 0; row < SIZE; row++) {
        double sum = 0;
        for (int column = 0; column < SIZE; column++) sum += element(row, column) * by[column];
        result[row] = sum;
    }
}

static void multiply_transposed(const double *by, double *result) {
    for (int column = 0; column < SIZE; column++) {
        double sum = 0;
        for (int row = 0; row < SIZE; row++) sum += element(row, column) * by[row];
        result[column] = sum;
    }
}

static double dot(const double *a, const double *b) {
    double sum = 0;
    for (int i = 0; i < SIZE; i++) sum += a[i] * b[i];
    return sum;
}

static double norm(const double *a) { return __builtin_sqrt(dot(a, a)); }

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 0;
    for (int i = 0; i < SIZE; i++) vector[i] = 1.0 + 0.125 * (i & 3);
    for (uint32_t step = 0; step < n; step++) {
        multiply(vector, between);
        multiply_transposed(between, product);
        sum = fold(sum, __builtin_sqrt(dot(vector, product) / dot(vector, vector)));
        /* Scaled to length 1, with some of an axis mixed in, so that it does not come to rest. */
        double scale = 1 / norm(product);
        for (int i = 0; i < SIZE; i++) vector[i] = product[i] * scale;
        vector[step % SIZE] += 0.5;
    }
    return fold(sum, norm(vector));
}
