/* A loop of calls through a table of four functions, picked by a changing index. */
#include "workload.h"

static uint32_t add(uint32_t x, uint32_t i) { return x + i; }
static uint32_t mix(uint32_t x, uint32_t i) { return (x ^ i) * 2654435761u; }
static uint32_t turn(uint32_t x, uint32_t i) { return (x << 7 | x >> 25) - i; }
static uint32_t flip(uint32_t x, uint32_t i) { return ~x + (i << 3); }

static uint32_t (*const volatile steps[4])(uint32_t, uint32_t) = {add, mix, turn, flip};

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t x = 1;
    for (uint32_t i = 0; i < n; i++) x = steps[(i ^ i >> 2) & 3](x, i);
    return x;
}
