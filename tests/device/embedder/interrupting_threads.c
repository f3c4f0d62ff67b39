/* Guests that other threads stop at any moment: while they run, begin, translate, are made, or call the host. Engines are
 * neither metered nor interruptible. On computers only. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "interrupting.h"
#include "guests.h"

#ifndef ROUNDS
#define ROUNDS 500
#endif

enum { LIVES = ROUNDS / 2, TOGGLES = 20 * ROUNDS, DEADLINES = ROUNDS / 2 };

static int failures = 0;
static long blocks = 0;
static long waiting = 0; /* timers that have not gone off */

static void expect(bool is_right, const char *what) {
    if (is_right) return;
    failures++;
    printf("WRONG: %s\n", what);
}

/* A platform whose memory is counted, with timers that are threads. */

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory != NULL) __atomic_fetch_add(&blocks, 1, __ATOMIC_SEQ_CST);
    return memory;
}

static void release(void *memory) {
    if (memory != NULL) __atomic_fetch_sub(&blocks, 1, __ATOMIC_SEQ_CST);
    free(memory);
}

struct timer {
    struct timespec time;
    void (*call)(void *argument);
    void *argument;
};

static void *run_timer(void *argument) {
    struct timer *timer = argument;
    nanosleep(&timer->time, NULL);
    timer->call(timer->argument);
    free(timer);
    __atomic_fetch_sub(&waiting, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static uint32_t after(uint64_t nanoseconds, void (*call)(void *argument), void *argument) {
    pthread_t thread;
    struct timer *timer = malloc(sizeof *timer);
    *timer = (struct timer){{(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)}, call, argument};
    __atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
    if (pthread_create(&thread, NULL, run_timer, timer) == 0) return (uint32_t)pthread_detach(thread);
    __atomic_fetch_sub(&waiting, 1, __ATOMIC_SEQ_CST);
    free(timer);
    return 6;
}

static wasm_engine_t *new_engine(void) {
    fusee_platform_t table = {.allocate = NULL};
    fusee_default_platform(&table);
    table.allocate = allocate;
    table.release = release;
    table.after = after;
    return fusee_engine_new(&table);
}

/* The two threads: one plays, the other interrupts it, once in each round, or as often as it can. */

struct game {
    wasm_engine_t *engine;
    struct guest guest;
    unsigned random;
    bool refreshes; /* whether `look` makes an instance */
    int began; /* the round in which the guest may be interrupted, counted from 1 */
    int interrupted; /* the last one in which it was */
};

static int round_of(int *place) { return __atomic_load_n(place, __ATOMIC_SEQ_CST); }

static void set_round(int *place, int round) { __atomic_store_n(place, round, __ATOMIC_SEQ_CST); }

static unsigned next(unsigned *random) { return (*random = *random * 1664525u + 1013904223u) >> 8; }

/* For a time of any length, mostly a short one. */
static void linger(unsigned *random) {
    unsigned length = next(random) % 16;
    for (volatile unsigned i = next(random) % (1u << length); i > 0; i--) {}
}

static void *interrupt(void *argument) {
    struct game *game = argument;
    unsigned random = game->random;
    for (int round = 1;; round++) {
        while (round_of(&game->began) < round && round_of(&game->began) >= 0) sched_yield();
        if (round_of(&game->began) < 0) return NULL;
        linger(&random);
        fusee_store_interrupt(game->guest.store, true);
        set_round(&game->interrupted, round);
    }
}

static wasm_trap_t *look(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    struct game *game = env;
    if (game->refreshes) refresh(&game->guest, next(&game->random) % 2 == 0 ? TURN : CHASE);
    return NULL;
}

/* Whoever was to be stopped has been; nobody is interrupted any more. */
static void settle(struct game *game, int round) {
    while (round_of(&game->interrupted) < round) sched_yield();
    fusee_store_interrupt(game->guest.store, false);
}

static void play(void (*rounds)(struct game *game), void *(*other)(void *), int others) {
    struct game game = {.engine = new_engine(), .random = 7};
    pthread_t threads[2];
    begin(&game.guest, game.engine, look, &game, INTERRUPTED, sizeof INTERRUPTED);
    expect(instantiate(&game.guest) == 0, "there is a guest");
    for (int i = 0; i < others; i++) pthread_create(&threads[i], NULL, other, &game);
    rounds(&game);
    set_round(&game.began, -1);
    for (int i = 0; i < others; i++) pthread_join(threads[i], NULL);
    fusee_store_interrupt(game.guest.store, false);
    game.refreshes = false;
    expect(instantiate(&game.guest) == 0 && call(&game.guest, COUNT, 3) == 3, "at the end all is well");
    end(&game.guest);
    wasm_engine_delete(game.engine);
    while (__atomic_load_n(&waiting, __ATOMIC_SEQ_CST) != 0) sched_yield();
    expect(blocks == 0, "nothing leaks");
}

/* One guest, in all that it does. */
static void run_for_ever(struct game *game) {
    for (int round = 1; round <= ROUNDS; round++) {
        size_t export = TURN + next(&game->random) % (OUTSIDE - TURN + 1);
        set_round(&game->began, round);
        expect(call(&game->guest, export, 1) == STOPPED, "a guest is stopped");
        settle(game, round);
        int32_t count = 1 + (int32_t)(next(&game->random) % 50);
        expect(call(&game->guest, COUNT, count) == count, "it runs as before");
    }
}

/* Stores that begin: modules are made, instantiated, called first while they are interrupted. */
static void begin_again(struct game *game) {
    for (int round = 1; round <= LIVES; round++) {
        end(&game->guest);
        begin(&game->guest, game->engine, look, game, INTERRUPTED, sizeof INTERRUPTED);
        set_round(&game->began, round);
        int32_t outcome = instantiate(&game->guest);
        if (outcome == 0) outcome = call(&game->guest, next(&game->random) % 2 == 0 ? MANY : CALLS, 1);
        expect(outcome == STOPPED, "a beginner is stopped");
        settle(game, round);
        expect(instantiate(&game->guest) == 0 && call(&game->guest, MANY, 0) == 0, "and may begin again");
        expect(call(&game->guest, COUNT, 9) == 9, "as ever");
    }
}

/* The host makes an instance in which the guest goes on. */
static void go_on_elsewhere(struct game *game) {
    game->refreshes = true;
    for (int round = 1; round <= LIVES; round++) {
        set_round(&game->began, round);
        expect(call(&game->guest, FRESH, 1) == STOPPED, "it is stopped wherever it is");
        settle(game, round);
    }
}

static void *toggle(void *argument) {
    struct game *game = argument;
    unsigned random = game->random;
    for (int i = 0; round_of(&game->began) >= 0; i++) {
        fusee_store_interrupt(game->guest.store, i % 2 == 0);
        linger(&random);
    }
    return NULL;
}

/* Interrupts come and go: who notices is stopped, and everybody else is right. */
static void run_all_the_same(struct game *game) {
    int stopped = 0;
    /* On until one is, since the other thread may not have begun. */
    for (int round = 0; round < TOGGLES || (stopped == 0 && round < 1000 * TOGGLES); round++) {
        int32_t count = 1 + (int32_t)(next(&game->random) % 200);
        size_t export = next(&game->random) % 2 == 0 ? COUNT : THROUGH;
        int32_t result = call(&game->guest, export, count);
        stopped += result == STOPPED;
        expect(result == STOPPED || result == count, "guests that are not stopped are right");
    }
    expect(stopped > 0, "some are stopped");
}

static void keep_deadlines(struct game *game) {
    for (int round = 0; round < DEADLINES; round++) {
        expect(fusee_store_set_deadline(game->guest.store, 1 + next(&game->random) % 200000), "there are timers");
        size_t export = TURN + next(&game->random) % (OUTSIDE - TURN + 1);
        expect(call(&game->guest, export, 1) == STOPPED, "a deadline is noticed");
        expect(fusee_store_set_deadline(game->guest.store, 3000000), "and a later one is set");
        fusee_store_set_deadline(game->guest.store, 0);
        expect(call(&game->guest, COUNT, 9) == 9, "it is over");
        if (round % 4 != 0) continue;
        fusee_store_set_deadline(game->guest.store, 1 + next(&game->random) % 100000);
        end(&game->guest);
        begin(&game->guest, game->engine, look, game, INTERRUPTED, sizeof INTERRUPTED);
        expect(instantiate(&game->guest) == 0, "stores end before their timers");
    }
}

int interrupt_in_threads(void) {
    play(run_for_ever, interrupt, 1);
    play(begin_again, interrupt, 1);
    play(go_on_elsewhere, interrupt, 1);
    play(run_all_the_same, toggle, 1);
    play(run_all_the_same, toggle, 2);
    play(keep_deadlines, NULL, 0);
    return failures;
}

#ifdef ALONE
int main(void) { return interrupt_in_threads() != 0; }
#endif
