/* What every workload shares. A workload imports nothing and exports `run`: the amount of work in, a checksum out. */
#include <stdint.h>

#define WORKLOAD __attribute__((export_name("run")))

/* A small xorshift generator, so that the data is the same everywhere. */
static inline uint32_t next_random(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* Folds the bits of a double into a checksum. */
static inline uint32_t fold(uint32_t sum, double value) {
    union { double value; uint64_t bits; } u = {value};
    return (sum ^ (uint32_t)u.bits ^ (uint32_t)(u.bits >> 32)) * 16777619u;
}
