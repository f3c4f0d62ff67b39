/* Guests of an engine that is neither metered nor interruptible are stopped all the same. The other thread is played: by
 * the platform, when a guest's growth, or the library's work for it, allocates memory. */

#include "check.h"
#include "interrupting.h"
#include "guests.h"

enum { TIMERS = 8, GROWN = 2 * 65536 };

enum when { ALLOCATION, GROWTH, LOOK }; /* any allocation; that of a memory of two pages; a call of the host */

struct timer {
    void (*call)(void *argument);
    void *argument;
    uint64_t due;
};

static struct guest guest;
static void (*meanwhile)(void);
static enum when moment; /* at which that happens */
static uint64_t now = 5000;
static struct timer timers[TIMERS];
static int timer_count = 0;
static bool has_timers = true;

static void happen(enum when when) {
    void (*what)(void) = meanwhile;
    if (what == NULL || when != moment) return;
    meanwhile = NULL;
    what();
}

static void *allocate(size_t count, size_t size) {
    happen(ALLOCATION);
    if (count * size >= GROWN) happen(GROWTH);
    return platform()->allocate(count, size);
}

static uint64_t clock_now(uint32_t clock) { return clock == 1 ? now : 0; }

static uint32_t after(uint64_t nanoseconds, void (*call)(void *argument), void *argument) {
    if (!has_timers || timer_count == TIMERS) return 6;
    timers[timer_count++] = (struct timer){call, argument, nanoseconds < UINT64_MAX - now ? now + nanoseconds : UINT64_MAX};
    return 0;
}

/* Time passes: timers go off. */
static void pass(uint64_t nanoseconds) {
    now += nanoseconds;
    for (int i = 0; i < timer_count; i++) {
        struct timer timer = timers[i];
        if (timer.due > now) continue;
        timers[i] = timers[--timer_count];
        timer.call(timer.argument);
        i = -1;
    }
}

static wasm_engine_t *new_engine(bool can_call_back) {
    fusee_platform_t table = *platform();
    table.allocate = allocate;
    table.clock = clock_now;
    table.after = can_call_back ? after : NULL;
    return fusee_engine_new(&table);
}

static void set(void) { fusee_store_interrupt(guest.store, true); }

static void unset(void) { fusee_store_interrupt(guest.store, false); }

static void set_and_unset(void) {
    set();
    unset();
}

static void wait_long(void) { pass(1000000); }

static void refresh_and_set(void) {
    refresh(&guest, TURN);
    moment = ALLOCATION; /* when that function is translated */
    meanwhile = set;
}

static void set_and_call(void) {
    set();
    check(call(&guest, COUNT, 3) == STOPPED, "nor is a guest called by the host that was called by it");
}

static wasm_trap_t *look(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    happen(LOOK);
    return NULL;
}

static int32_t call_while(enum when when, void (*what)(void), size_t export, int32_t argument) {
    moment = when;
    meanwhile = what;
    int32_t result = call(&guest, export, argument);
    check(meanwhile == NULL, "it has happened");
    return result;
}

static void start(wasm_engine_t *engine) {
    begin(&guest, engine, look, NULL, INTERRUPTED, sizeof INTERRUPTED);
    check(instantiate(&guest) == 0, "there is a guest");
}

static void be_interrupted(wasm_engine_t *engine) {
    for (int export = TURN; export <= OUTSIDE; export++) {
        for (enum when when = ALLOCATION; when <= LOOK; when++) { /* the first allocations are those of its translation */
            if (when != ALLOCATION && (when == LOOK) != (export == OUTSIDE)) continue;
            start(engine);
            check(call_while(when, set, export, 1) == STOPPED, "what has no end is stopped");
            check(call(&guest, COUNT, 3) == STOPPED && call(&guest, THROUGH, 3) == STOPPED, "as long as that lasts");
            unset();
            check(call(&guest, COUNT, 3000) == 3000 && call(&guest, THROUGH, 3) == 3, "then everything is as it was");
            check(call(&guest, MANY, 0) == 0, "everywhere");
            end(&guest);
        }
    }
    start(engine);
    check(call_while(GROWTH, set_and_unset, COUNT, 3) == 3, "who was not stopped in time goes on");
    end(&guest);
}

static void be_interrupted_outside(wasm_engine_t *engine) {
    start(engine);
    check(call_while(LOOK, refresh_and_set, FRESH, 1) == STOPPED, "in an instance that is made meanwhile");
    check(instantiate(&guest) == 0 && call(&guest, COUNT, 3) == STOPPED, "or later");
    unset();
    check(call(&guest, COUNT, 3) == 3, "but not for ever");
    check(call_while(LOOK, set_and_call, THROUGH, 3) == STOPPED, "nobody goes on");
    unset();
    check(call_while(LOOK, set_and_unset, THROUGH, 3) == 3, "unless that is over");
    fusee_store_interrupt(guest.store, true);
    fusee_store_interrupt(guest.store, true);
    unset();
    check(call(&guest, MANY, 0) == 0, "once is enough");
    end(&guest);
}

static void have_deadlines(wasm_engine_t *engine) {
    start(engine);
    check(fusee_store_set_deadline(guest.store, 0) && timer_count == 0, "no deadline needs no timer");
    check(fusee_store_set_deadline(guest.store, 1000) && timer_count == 1, "the platform calls back");
    check(call(&guest, THROUGH, 3) == 3, "in time");
    check(call_while(GROWTH, wait_long, TURN, 1) == STOPPED && timer_count == 0, "or the guest is stopped");
    check(call(&guest, COUNT, 3) == STOPPED, "and those that come after it");
    set();
    check(fusee_store_set_deadline(guest.store, 700) && call(&guest, COUNT, 3) == STOPPED, "interrupts are something else");
    unset();
    check(call(&guest, COUNT, 3) == 3, "with both gone it runs");
    for (int i = 0; i < 100; i++) {
        pass(10);
        check(fusee_store_set_deadline(guest.store, 700) && timer_count == 1, "one timer serves many deadlines");
    }
    pass(699);
    check(call(&guest, COUNT, 3) == 3, "the last one holds");
    check(call_while(ALLOCATION, wait_long, CHASE, 1) == STOPPED, "and is noticed");
    fusee_store_set_deadline(guest.store, 5000);
    fusee_store_set_deadline(guest.store, 50);
    check(timer_count == 2, "an earlier one needs another");
    pass(60);
    check(timer_count == 1 && call(&guest, COUNT, 3) == STOPPED, "which goes off first");
    fusee_store_set_deadline(guest.store, 0);
    pass(10000);
    check(timer_count == 0 && call(&guest, COUNT, 3) == 3, "nothing happens without a deadline");
    has_timers = false;
    check(!fusee_store_set_deadline(guest.store, 50) && call(&guest, COUNT, 3) == 3, "the platform may refuse");
    has_timers = true;
    fusee_store_set_deadline(guest.store, 50);
    fusee_store_set_deadline(guest.store, 500);
    has_timers = false;
    pass(60);
    check(call(&guest, COUNT, 3) == STOPPED, "later, too: then it is as if time were over");
    has_timers = true;
    fusee_store_set_deadline(guest.store, 500);
    has_timers = false;
    check(!fusee_store_set_deadline(guest.store, 50), "it may refuse an earlier one");
    has_timers = true;
    pass(600);
    check(timer_count == 0 && call(&guest, COUNT, 3) == 3, "which the later one's timer does not keep");
    fusee_store_set_deadline(guest.store, 50);
    end(&guest);
    pass(1000);
    check(timer_count == 0, "a store may end before its timers");
}

static void have_latest_deadline(wasm_engine_t *engine) {
    start(engine);
    uint64_t before = now;
    fusee_store_set_deadline(guest.store, 500);
    check(fusee_store_set_deadline(guest.store, UINT64_MAX) && timer_count == 1, "the latest deadline is behind all others");
    pass(600);
    check(timer_count == 1 && call(&guest, COUNT, 3) == 3, "and does not come");
    end(&guest);
    pass(UINT64_MAX - now);
    check(timer_count == 0, "for as long as the clock runs");
    now = before;
}

static void set_at_the_end(void *store) {
    check(!fusee_store_set_deadline(store, 100), "a store that ends has no deadline");
    check(fusee_store_set_deadline(store, 0), "and needs none");
}

static void end_with_a_deadline(wasm_engine_t *engine) {
    wasm_store_t *store = wasm_store_new(engine);
    wasm_functype_t *type = wasm_functype_new_0_0();
    wasm_func_delete(wasm_func_new_with_env(store, type, look, store, set_at_the_end));
    wasm_functype_delete(type);
    wasm_store_delete(store);
    check(timer_count == 0, "nobody calls back for it");
}

static void live(wasm_engine_t *engine) {
    if (engine == NULL) return;
    wasm_store_t *store = wasm_store_new(engine);
    fusee_store_set_deadline(store, 100);
    fusee_store_set_deadline(store, 50);
    wasm_store_delete(store);
    pass(1000);
}

int interrupt_guests(void) {
    wasm_engine_t *engine = new_engine(true);
    be_interrupted(engine);
    be_interrupted_outside(engine);
    have_deadlines(engine);
    have_latest_deadline(engine);
    wasm_engine_delete(engine);
    long before = live_blocks();
    engine = new_engine(true);
    end_with_a_deadline(engine);
    wasm_engine_delete(engine);
    check(live_blocks() == before, "nor does anything of its deadline stay");
    engine = new_engine(false);
    start(engine);
    check(!fusee_store_set_deadline(guest.store, 1000) && fusee_store_set_deadline(guest.store, 0), "nobody calls back");
    check(call_while(GROWTH, set, TURN, 1) == STOPPED, "but whoever wants to interrupts");
    end(&guest);
    wasm_engine_delete(engine);
    before = live_blocks();
    for (long number = 1; number == 1 || has_failed(); number++) {
        fail_allocation(number);
        engine = new_engine(true);
        live(engine);
        wasm_engine_delete(engine);
        check(live_blocks() == before, "nothing leaks");
    }
    fail_allocation(0);
    return failures;
}
