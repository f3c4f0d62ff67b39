/* Naive recursion: nothing but calls, compares and additions (one of the two calls must not become a loop). */
#include "workload.h"

__attribute__((disable_tail_calls)) static uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

WORKLOAD uint32_t run(uint32_t n) { return fib(n); }
