/* Sorts 16384 numbers with a recursive quicksort that compares through a function pointer, n times. */
#include "workload.h"

#define SIZE 16384

typedef int (*Compare)(const uint32_t *, const uint32_t *);

static uint32_t numbers[SIZE];

static int ascending(const uint32_t *a, const uint32_t *b) { return (*a > *b) - (*a < *b); }

static Compare volatile compare_function = ascending;

static void swap(uint32_t *a, uint32_t *b) {
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

static void sort(uint32_t *low, uint32_t *high, Compare compare) {
    while (low < high) {
        swap(low, low + (high - low) / 2);
        uint32_t *last = low;
        for (uint32_t *p = low + 1; p <= high; p++)
            if (compare(p, low) < 0) swap(++last, p);
        swap(low, last);
        if (last > low) sort(low, last - 1, compare);
        low = last + 1;
    }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 362436069u, sum = 0;
    for (uint32_t round = 0; round < n; round++) {
        for (int i = 0; i < SIZE; i++) numbers[i] = next_random(&state);
        sort(numbers, numbers + SIZE - 1, compare_function);
        for (int i = 0; i < SIZE; i += 1021) sum = sum * 31 + numbers[i];
    }
    return sum;
}
