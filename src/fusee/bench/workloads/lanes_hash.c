/* A hash of a buffer in four accumulators that never meet before the end, n times, as xxHash does it. */
#include "workload.h"

#define WORDS 4096
#define ACCUMULATORS 4

static uint32_t data[WORDS];

typedef uint32_t lanes __attribute__((vector_size(4 * ACCUMULATORS), aligned(4)));

static inline uint32_t rotated(uint32_t x, int by) { return x << by | x >> (32 - by); }

static uint32_t hash(uint32_t seed) {
    lanes state = {0, 2246822519u, 2246822519u * 2, 2246822519u * 3};
    state += seed;
    for (int i = 0; i < WORDS; i += ACCUMULATORS) {
        state += *(const lanes *)(data + i) * 2246822519u;
        state = (state << 13 | state >> 19) * 2654435761u;
    }
    uint32_t sum = 0;
    for (int k = 0; k < ACCUMULATORS; k++) sum = rotated(sum, 7) + state[k];
    return (sum ^ sum >> 15) * 3266489917u;
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 362436069u;
    for (int i = 0; i < WORDS; i++) data[i] = next_random(&state);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum ^= hash(sum + i);
        data[i % WORDS] += sum;
    }
    return sum;
}
