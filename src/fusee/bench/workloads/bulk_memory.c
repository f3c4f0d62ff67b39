/* Blocks of 1 byte to 2 KiB filled, copied and moved over themselves, n rounds of 64 sizes each. */
#include "workload.h"

#define ARENA 65536
#define LARGEST 2048 /* larger ones would measure the machine's memory */
#define NEAR 64

static uint8_t arena[ARENA];

/* Sizes as programs have them: every power of two as likely as the next. */
static uint32_t random_size(uint32_t *state) {
    uint32_t scale = next_random(state) % 12;
    return 1 + next_random(state) % (1u << scale);
}

static uint32_t random_place(uint32_t *state) { return next_random(state) % (ARENA - LARGEST - NEAR); }

static void one_round(uint32_t *state) {
    for (int i = 0; i < 64; i++) {
        uint32_t size = random_size(state), to = random_place(state), from = random_place(state);
        uint32_t near = from + next_random(state) % NEAR;
        __builtin_memset(arena + to, (int)(size * 7 + (uint32_t)i), size);
        __builtin_memmove(arena + near, arena + from, size);
        __builtin_memmove(arena + from, arena + to, size / 2);
    }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 521288629u, sum = 0;
    for (int i = 0; i < ARENA; i++) arena[i] = (uint8_t)(i * 31 >> 3);
    for (uint32_t i = 0; i < n; i++) one_round(&state);
    for (int i = 0; i < ARENA; i += 13) sum = sum * 31 + arena[i];
    return sum;
}
