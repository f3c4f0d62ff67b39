/* Voices of 16-bit sound, each with a volume, added up without overflow, n times over a second of stereo. */
#include "workload.h"

#define VOICES 6
#define SAMPLES 2048

static int16_t voices[VOICES][SAMPLES], mixed[SAMPLES];

static inline int16_t limited(int32_t x) { return (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : x); }

static void mix(int16_t *restrict into, const int16_t *restrict voice, int16_t volume) {
    for (int i = 0; i < SAMPLES; i++) {
        int32_t louder = ((int32_t)voice[i] * volume + 16384) >> 15;
        into[i] = limited((int32_t)into[i] + louder);
    }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 521288629u, sum = 0;
    for (int v = 0; v < VOICES; v++)
        for (int i = 0; i < SAMPLES; i++) voices[v][i] = (int16_t)(next_random(&state) >> 16);
    for (uint32_t round = 0; round < n; round++) {
        for (int i = 0; i < SAMPLES; i++) mixed[i] = 0;
        for (int v = 0; v < VOICES; v++) mix(mixed, voices[v], (int16_t)(8000 + v * 3000 + (int)(round % 64) * 16));
        sum = (sum ^ (uint16_t)mixed[round % SAMPLES]) * 16777619u;
    }
    for (int i = 0; i < SAMPLES; i++) sum = (sum ^ (uint16_t)mixed[i]) * 16777619u;
    return sum;
}
