/* Threads whose guests share a memory, each with a store of its own, on the default platform. On computers only. */

#include <pthread.h>
#include <stdio.h>

#include "guests.h"
#include "sharing.h"

enum { THREADS = 4, ADDITIONS = 2000, ROUNDS = 300, MOST = 4 };
enum { LOCK = 64, COUNTER = 68, FLAG = 128, BALL = 192, NEVER = 256, READY = 320 };

struct player {
    pthread_t id;
    wasm_engine_t *engine;
    fusee_sharedmemory_t *memory;
    struct guest guest;
    int32_t number;
    int failures;
};

static int failures = 0;

static void expect(bool is_right, const char *what) {
    if (is_right) return;
    failures++;
    printf("WRONG: %s\n", what);
}

static int32_t played(struct player *p, size_t export, int32_t a, int32_t b, int64_t c) {
    return call(&p->guest, export, a, b, c);
}

/* Each of them adds under a lock, so that none is lost. */
static void *add(void *player) {
    struct player *p = player;
    p->failures += played(p, COUNT, LOCK, ADDITIONS, 0) != 0;
    return NULL;
}

/* Each hands the ball to the next, and sleeps until it has it again. */
static void *play(void *player) {
    struct player *p = player;
    for (int round = 0; round < ROUNDS; round++) {
        int32_t mine = round * THREADS + p->number, seen;
        while ((seen = played(p, ADD, BALL, 0, 0)) != mine) p->failures += played(p, WAIT, BALL, seen, ENDLESS) > NOT_EQUAL;
        played(p, ADD, BALL, 1, 0);
        played(p, NOTIFY, BALL, THREADS, 0);
    }
    return NULL;
}

/* Loads what the first makes room for when all others have begun, as soon as a word says so, or the size. */
static void *follow(void *player) {
    struct player *p = player;
    if (p->number == 0) {
        while (played(p, ADD, READY, 0, 0) != THREADS - 1) continue;
        p->failures += played(p, GROW, 1, 0, 0) != 1;
        fusee_sharedmemory_data(p->memory)[PAGE] = 42;
        played(p, ADD, FLAG, 1, 0);
    } else if (p->number == 1) {
        p->failures += played(p, OUTGROW, 2 * PAGE - 4, 2, 0) != 0;
    } else {
        p->failures += played(p, FOLLOW, PAGE, FLAG, 0) != 42;
    }
    return NULL;
}

/* All ask for more than there is: each page goes to one. */
static void *grow(void *player) {
    struct player *p = player;
    for (int round = 0; round < MOST; round++) {
        int32_t before = played(p, GROW, 1, 0, 0);
        if (before != -1) __atomic_fetch_add(&fusee_sharedmemory_data(p->memory)[before], 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* Sleeps until it is interrupted, be that before or after it has begun to. */
static void *sleep_for_ever(void *player) {
    struct player *p = player;
    p->failures += played(p, WAIT, NEVER, 0, ENDLESS) != TRAPPED || !p->guest.is_stopped;
    return NULL;
}

/* Comes and goes: stores, handles and waits that time out. */
static void *come_and_go(void *player) {
    struct player *p = player;
    for (int round = 0; round < 40; round++) {
        struct guest guest;
        fusee_sharedmemory_t *mine = fusee_sharedmemory_clone(p->memory);
        p->failures += !begin(&guest, p->engine, mine, SHARING, sizeof SHARING);
        fusee_sharedmemory_delete(mine);
        p->failures += call(&guest, WAIT, NEVER, 0, 1000) > TIMED_OUT || call(&guest, NOTIFY, NEVER, 1, 0) > 1;
        end(&guest);
    }
    return NULL;
}

static fusee_sharedmemory_t *in_all(wasm_engine_t *engine, void *(*work)(void *), bool is_interrupted) {
    struct player players[THREADS];
    fusee_sharedmemory_t *memory = new_shared(engine, 1, MOST);
    for (int i = 0; i < THREADS; i++) {
        players[i] = (struct player){.engine = engine, .memory = memory, .number = i};
        expect(begin(&players[i].guest, engine, memory, SHARING, sizeof SHARING), "each has a guest");
    }
    for (int i = 0; i < THREADS; i++) pthread_create(&players[i].id, NULL, work, &players[i]);
    for (int i = 0; i < THREADS && is_interrupted; i++) fusee_store_interrupt(players[i].guest.store, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(players[i].id, NULL);
        expect(players[i].failures == 0, "a guest is disturbed");
        end(&players[i].guest);
    }
    return memory;
}

int share_in_threads(void) {
    wasm_engine_t *engine = wasm_engine_new();
    fusee_sharedmemory_t *memory = in_all(engine, add, false);
    int32_t counted;
    __builtin_memcpy(&counted, fusee_sharedmemory_data(memory) + COUNTER, 4);
    expect(counted == THREADS * ADDITIONS, "additions are lost");
    fusee_sharedmemory_delete(memory);
    fusee_sharedmemory_delete(in_all(engine, play, false));
    fusee_sharedmemory_delete(in_all(engine, follow, false));
    memory = in_all(engine, grow, false);
    for (int page = 1; page < MOST; page++) expect(fusee_sharedmemory_data(memory)[page] == 1, "a page is of two");
    expect(fusee_sharedmemory_size(memory) == MOST, "they have got all");
    fusee_sharedmemory_delete(memory);
    fusee_sharedmemory_delete(in_all(engine, sleep_for_ever, true));
    fusee_sharedmemory_delete(in_all(engine, come_and_go, false));
    wasm_engine_delete(engine);
    return failures;
}
