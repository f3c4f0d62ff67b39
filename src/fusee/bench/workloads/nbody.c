/* Five bodies under gravity, n steps: f64 arithmetic with loads and stores, a square root and divisions. */
#include "workload.h"

#define BODIES 5

typedef struct {
    double x, y, z, vx, vy, vz, mass;
} Body;

static Body bodies[BODIES];

static void prepare(void) {
    uint32_t state = 88675123u;
    for (int i = 0; i < BODIES; i++) {
        double *fields = &bodies[i].x;
        for (int k = 0; k < 7; k++) fields[k] = (double)(next_random(&state) >> 8) / 16777216.0 + (k < 3 ? 4.0 * i : 0.0);
    }
}

static void attract(Body *a, Body *b, double dt) {
    double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
    double squared = dx * dx + dy * dy + dz * dz;
    double pull = dt / (squared * __builtin_sqrt(squared));
    a->vx -= dx * b->mass * pull;
    a->vy -= dy * b->mass * pull;
    a->vz -= dz * b->mass * pull;
    b->vx += dx * a->mass * pull;
    b->vy += dy * a->mass * pull;
    b->vz += dz * a->mass * pull;
}

WORKLOAD uint32_t run(uint32_t n) {
    prepare();
    for (uint32_t step = 0; step < n; step++) {
        for (int i = 0; i < BODIES; i++)
            for (int j = i + 1; j < BODIES; j++) attract(&bodies[i], &bodies[j], 0.001);
        for (int i = 0; i < BODIES; i++) {
            bodies[i].x += 0.001 * bodies[i].vx;
            bodies[i].y += 0.001 * bodies[i].vy;
            bodies[i].z += 0.001 * bodies[i].vz;
        }
    }
    uint32_t sum = 2166136261u;
    for (int i = 0; i < BODIES; i++) sum = fold(fold(fold(sum, bodies[i].x), bodies[i].y), bodies[i].z);
    return sum;
}
