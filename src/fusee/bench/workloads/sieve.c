/* The sieve of Eratosthenes over a byte array, n times. */
#include "workload.h"

#define SIZE 65536

static uint8_t composite[SIZE];

static uint32_t count_primes(uint32_t limit) {
    for (uint32_t i = 0; i < limit; i++) composite[i] = 0;
    for (uint32_t i = 2; i * i < limit; i++)
        if (!composite[i])
            for (uint32_t j = i * i; j < limit; j += i) composite[j] = 1;
    uint32_t primes = 0;
    for (uint32_t i = 2; i < limit; i++) primes += !composite[i];
    return primes;
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum = sum * 31 + count_primes(SIZE - i % 1024);
    return sum;
}
