/* The embedders as a program of this machine: the platform is the C library. Says so if memory was leaked. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "platform.h"

static long live = 0;
static long until_failure = 0;
static bool failed = false;

void fail_allocation(long number) {
    until_failure = number;
    failed = false;
}

bool has_failed(void) { return failed; }

long live_blocks(void) { return live; }

static void *allocate(size_t count, size_t size) {
    if (until_failure > 0 && --until_failure == 0) {
        failed = true;
        return NULL;
    }
    void *memory = calloc(count, size);
    live += memory != NULL;
    return memory;
}

static void release(void *memory) {
    live -= memory != NULL;
    free(memory);
}

static uint64_t now(uint32_t clock) {
    struct timespec time;
    (void)clock; /* C has one that suffices for both */
    timespec_get(&time, TIME_UTC);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

const fusee_platform_t *platform(void) {
    static const fusee_platform_t table = {allocate, release, NULL, NULL, now, NULL, NULL, NULL, NULL, NULL, NULL};
    return &table;
}

void go_off(void) {} /* nothing: no timers */

void say(const char *text, size_t size) { fwrite(text, 1, size, stdout); }

#if defined COMPONENTS || defined HTTP
int main(void) {
#ifdef HTTP
    int failures = use_http();
#else
    int failures = use_components() + use_files();
#endif
    if (live != 0) printf("LEAKED: %ld\n", live);
    return failures != 0 || live != 0;
}
#else
int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0); /* guests write to it directly */
    int failures = by_default() + in_threads() + share_in_threads() + embed() + resist() + conform() + withstand() + carry();
    failures += throw_and_catch();
    failures += have_objects() + give_declared() + share_memories() + interrupt_guests() + interrupt_in_threads();
    if (live != 0) printf("LEAKED: %ld\n", live);
    return failures != 0 || live != 0;
}
#endif
