/* How a part of the embedder says what is wrong, and lives with no memory at every place in turn. */

#include "platform.h"

static int failures = 0;

static void check(bool is_right, const char *what) {
    size_t size = 0;
    if (is_right) return;
    while (what[size]) size++;
    failures++;
    say("WRONG: ", 7);
    say(what, size);
    say("\n", 1);
}

/* A life has more than `least` allocations, of which each fails once. */
static inline void live_without_memory(void (*live)(wasm_engine_t *engine), long least) {
    long before = live_blocks();
    for (long number = 1;; number++) {
        fail_allocation(number);
        wasm_engine_t *engine = fusee_engine_new(platform());
        live(engine);
        wasm_engine_delete(engine);
        check(live_blocks() == before, "nothing leaks");
        if (!has_failed()) {
            check(number > least, "a life takes more allocations than that");
            break;
        }
    }
    fail_allocation(0);
}
