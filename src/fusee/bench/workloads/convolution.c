/* A 5x5 convolution over a greyscale picture of f32, n times, from one buffer to the other and back. */
#include "workload.h"

#define WIDTH 96
#define HEIGHT 64
#define RADIUS 2
#define SPAN (2 * RADIUS + 1)

static float pictures[2][HEIGHT][WIDTH];

/* A blur that also sharpens a little to the lower right; the weights add up to one. */
static const float weights[SPAN][SPAN] = {
    {0.0078125f, 0.0156250f, 0.0234375f, 0.0156250f, 0.0078125f},
    {0.0156250f, 0.0625000f, 0.0937500f, 0.0625000f, 0.0156250f},
    {0.0234375f, 0.0937500f, 0.2500000f, 0.0937500f, 0.0234375f},
    {0.0156250f, 0.0625000f, 0.0937500f, 0.0312500f, 0.0078125f},
    {0.0078125f, 0.0156250f, 0.0234375f, -0.0312500f, -0.0078125f},
};

static void draw(float picture[HEIGHT][WIDTH]) {
    uint32_t state = 88675123u;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) picture[y][x] = (float)(next_random(&state) >> 24);
}

static float weighted_sum(float from[HEIGHT][WIDTH], int y, int x) {
    float sum = 0;
    for (int i = 0; i < SPAN; i++)
        for (int k = 0; k < SPAN; k++) sum += weights[i][k] * from[y + i - RADIUS][x + k - RADIUS];
    return sum;
}

/* The border keeps its values, so that the picture does not fade. */
static void convolve(float from[HEIGHT][WIDTH], float to[HEIGHT][WIDTH]) {
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            int inside = y >= RADIUS && y < HEIGHT - RADIUS && x >= RADIUS && x < WIDTH - RADIUS;
            to[y][x] = inside ? weighted_sum(from, y, x) : from[y][x];
        }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 0;
    draw(pictures[0]);
    for (uint32_t i = 0; i < n; i++) convolve(pictures[i & 1], pictures[~i & 1]);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) sum = fold(sum, (double)pictures[n & 1][y][x]);
    return sum;
}
