/* The Mandelbrot set on an n by n grid, 50 iterations a point: f64 arithmetic in a tight loop. */
#include "workload.h"

#define ITERATIONS 50

static uint32_t escape_time(double cr, double ci) {
    double zr = 0, zi = 0;
    uint32_t i = 0;
    while (i < ITERATIONS && zr * zr + zi * zi <= 4.0) {
        double next = zr * zr - zi * zi + cr;
        zi = 2.0 * zr * zi + ci;
        zr = next;
        i++;
    }
    return i;
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 0;
    for (uint32_t y = 0; y < n; y++)
        for (uint32_t x = 0; x < n; x++)
            sum = sum * 31 + escape_time(3.0 * x / n - 2.0, 2.0 * y / n - 1.0);
    return sum;
}
