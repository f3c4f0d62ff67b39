/* Memories that stores share. Where threads wait, the platform here is all others: it does what they would do meanwhile. */

#include "guests.h"
#include "check.h"
#include "sharing.h"

static uint64_t now = 1;
static void (*meanwhile)(void) = NULL; /* what another thread does when the guest has begun to sleep, once */
static int looks = 0;                  /* so many sleeps end for no reason */
static struct guest guests[3];
static const uint32_t *woken = NULL;
static int32_t outcome = TRAPPED;      /* of a call in `meanwhile` */

static uint64_t clock_now(uint32_t clock) {
    (void)clock;
    return now;
}

static uint32_t sleep_at(const uint32_t *word, uint32_t expected, uint64_t nanoseconds) {
    if (*word != expected) return 0;
    void (*other)(void) = meanwhile;
    meanwhile = NULL;
    if (other != NULL) other();
    if (*word != expected || looks-- > 0) return 0;
    now += nanoseconds;
    return 73;
}

static void wake_at(const uint32_t *word) { woken = word; }

static wasm_engine_t *new_engine(bool has_clock) {
    fusee_platform_t table = *platform();
    table.clock = has_clock ? clock_now : NULL;
    table.wait = sleep_at;
    table.wake = wake_at;
    wasm_config_t *config = fusee_config_new(&table);
    fusee_config_set_metered(config, true);
    return fusee_engine_new_with_config(&table, config);
}

/* Types. */

static void have_types(void) {
    wasm_limits_t limits = {1, 3}, endless = {1, wasm_limits_max_default};
    wasm_memorytype_t *type = fusee_memorytype_new_shared(&limits), *plain = wasm_memorytype_new(&limits);
    check(fusee_memorytype_new_shared(&endless) == NULL, "a shared memory has a maximum");
    check(fusee_memorytype_new_shared(NULL) == NULL, "no limits are none");
    wasm_memorytype_t *copy = wasm_memorytype_copy(type);
    check(fusee_memorytype_is_shared(copy) && !fusee_memorytype_is_shared(plain), "copies are shared, others are not");
    check(wasm_memorytype_limits(copy)->max == 3 && !fusee_memorytype_is_shared(NULL), "as large as the type says");
    wasm_engine_t *engine = fusee_engine_new(platform());
    check(fusee_sharedmemory_new(engine, plain) == NULL, "no shared memory of a plain type");
    check(fusee_sharedmemory_new(engine, NULL) == NULL && fusee_sharedmemory_new(NULL, type) == NULL, "nor of none");
    wasm_store_t *store = wasm_store_new(engine);
    wasm_memory_t *memory = wasm_memory_new(store, type), *other = wasm_memory_new(store, plain);
    fusee_sharedmemory_t *shared = fusee_memory_share(memory);
    check(shared != NULL && fusee_memory_share(other) == NULL && fusee_memory_share(NULL) == NULL, "only shared ones are");
    wasm_memory_delete(memory);
    wasm_memory_delete(other);
    wasm_store_delete(store);
    check(fusee_sharedmemory_data_size(shared) == PAGE, "it outlives its store");
    fusee_sharedmemory_delete(shared);
    wasm_memorytype_delete(plain);
    wasm_memorytype_delete(copy);
    wasm_memorytype_delete(type);
    wasm_engine_delete(engine);
}

/* One memory, two stores, and the host. */

static void have_handles(fusee_sharedmemory_t *memory) {
    uint64_t before = 9;
    uint8_t *data = fusee_sharedmemory_data(memory);
    check(fusee_sharedmemory_grow(memory, 1, &before) && before == 1, "it grows by a page");
    check(fusee_sharedmemory_grow(memory, 0, &before) && before == 2, "or by none");
    check(!fusee_sharedmemory_grow(memory, 3, NULL) && !fusee_sharedmemory_grow(memory, UINT64_MAX, NULL), "not further");
    check(fusee_sharedmemory_size(memory) == 2 && fusee_sharedmemory_data_size(memory) == 2 * PAGE, "to two pages");
    check(fusee_sharedmemory_data(memory) == data, "it does not move");
    wasm_memorytype_t *type = fusee_sharedmemory_type(memory);
    const wasm_limits_t *limits = wasm_memorytype_limits(type);
    check(fusee_memorytype_is_shared(type) && limits->min == 2 && limits->max == 4, "its type knows");
    wasm_memorytype_delete(type);
    check(fusee_sharedmemory_data(NULL) == NULL && fusee_sharedmemory_clone(NULL) == NULL, "no memory has nothing");
    check(fusee_sharedmemory_size(NULL) == 0 && !fusee_sharedmemory_grow(NULL, 1, NULL), "nor is it large");
    fusee_sharedmemory_delete(NULL);
}

static void have_stores(fusee_sharedmemory_t *memory, struct guest *a, struct guest *b) {
    check(call(a, ADD, 8, 5, 0) == 0 && call(b, ADD, 8, 2, 0) == 5, "one sees what the other has written");
    check(fusee_sharedmemory_data(memory)[8] == 7, "and so does the host");
    check(call(a, GROW, 1, 0, 0) == 2 && call(b, SIZE, 0, 0, 0) == 3, "one grows it for the other");
    check(call(b, LOAD, 3 * PAGE - 4, 0, 0) == 0 && call(b, LOAD, 3 * PAGE, 0, 0) == TRAPPED, "up to its end");
    fusee_store_set_limits(b->store, 3 * PAGE, UINT64_MAX, UINT64_MAX);
    check(call(b, GROW, 1, 0, 0) == -1 && call(a, GROW, 1, 0, 0) == 3, "within the limits of who grows it");
    check(call(a, GROW, 1, 0, 0) == -1 && call(b, SIZE, 0, 0, 0) == 4, "up to its maximum");
    wasm_memory_t *one = fusee_sharedmemory_obtain(a->store, memory), *two = fusee_sharedmemory_obtain(b->store, memory);
    check(wasm_memory_same(one, two) && wasm_memory_size(two) == 4, "both have the same");
    wasm_extern_t *given[] = {wasm_memory_as_extern(two)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given);
    wasm_byte_vec_t binary = {sizeof SHARING, (wasm_byte_t *)SHARING};
    wasm_module_t *module = wasm_module_new(a->store, &binary);
    check(wasm_instance_new(a->store, module, &imports, NULL) == NULL, "as another store's extern it is not its own");
    wasm_importtype_vec_t wanted;
    wasm_module_imports(module, &wanted);
    const wasm_externtype_t *type = wasm_importtype_type(wanted.data[0]);
    check(fusee_memorytype_is_shared(wasm_externtype_as_memorytype_const(type)), "the module wants a shared one");
    wasm_importtype_vec_delete(&wanted);
    wasm_module_delete(module);
    wasm_memory_delete(one);
    wasm_memory_delete(two);
    wasm_engine_t *other = fusee_engine_new(platform());
    wasm_store_t *foreign = wasm_store_new(other);
    check(fusee_sharedmemory_obtain(foreign, memory) == NULL, "a memory is of one engine");
    check(fusee_sharedmemory_obtain(NULL, memory) == NULL && fusee_sharedmemory_obtain(foreign, NULL) == NULL, "and there");
    wasm_store_delete(foreign);
    wasm_engine_delete(other);
    check(call(a, WAIT, 0, 1, ENDLESS) == NOT_EQUAL && call(a, WAIT, 0, 0, 5) == TIMED_OUT, "nobody waits here");
    check(call(a, WAIT, 0, 0, ENDLESS) == TRAPPED && call(b, NOTIFY, 0, 9, 0) == 0, "nor for ever");
}

static void share(wasm_engine_t *engine) {
    fusee_sharedmemory_t *memory = new_shared(engine, 1, 4), *kept = fusee_sharedmemory_clone(memory);
    struct guest a, b;
    check(begin(&a, engine, memory, SHARING, sizeof SHARING), "a guest");
    check(begin(&b, engine, memory, SHARING, sizeof SHARING), "and another");
    fusee_sharedmemory_delete(memory);
    have_handles(kept);
    have_stores(kept, &a, &b);
    fusee_sharedmemory_delete(kept);
    end(&a);
    check(call(&b, LOAD, 8, 0, 0) == 7, "it lives as long as the last store");
    end(&b);
}

static void live(wasm_engine_t *engine) {
    fusee_sharedmemory_t *memory = new_shared(engine, 1, 2);
    struct guest a, b;
    begin(&a, engine, memory, SHARING, sizeof SHARING);
    begin(&b, engine, NULL, SHARER, sizeof SHARER);
    call(&a, GROW, 1, 0, 0);
    if (b.exports.size != 0) fusee_sharedmemory_delete(fusee_memory_share(wasm_extern_as_memory(b.exports.data[0])));
    end(&b);
    end(&a);
    fusee_sharedmemory_delete(memory);
}

/* What an instance exports, in another store. */
static void pass_on(wasm_engine_t *engine) {
    struct guest owner, a;
    begin(&owner, engine, NULL, SHARER, sizeof SHARER);
    fusee_sharedmemory_t *memory = fusee_memory_share(wasm_extern_as_memory(owner.exports.data[0]));
    check(fusee_memory_share(wasm_extern_as_memory(owner.exports.data[1])) == NULL, "a store's own is not shared");
    check(fusee_sharedmemory_grow(memory, 1, NULL), "the host grows it");
    fusee_sharedmemory_data(memory)[16] = 42;
    end(&owner);
    check(begin(&a, engine, memory, SHARING, sizeof SHARING), "it matches the import");
    fusee_sharedmemory_delete(memory);
    check(call(&a, LOAD, 16, 0, 0) == 42 && call(&a, GROW, 1, 0, 0) == 2 && call(&a, GROW, 1, 0, 0) == -1, "and goes on");
    end(&a);
}

/* Waiting. */

static void wake_one(void) { outcome = call(&guests[1], NOTIFY, 64, 1, 0); }

static void wake_other(void) { outcome = call(&guests[1], NOTIFY, 68, 9, 0); }

static void write_word(void) { outcome = call(&guests[1], ADD, 64, 1, 0); }

static void interrupt(void) { fusee_store_interrupt(guests[0].store, true); }

static void call_again(void) { outcome = call(&guests[0], ADD, 72, 3, 0); }

static void sleep_again(void) {
    outcome = call(&guests[0], WAIT, 72, 0, 10);
    woken = NULL;
    meanwhile = wake_one;
    looks = 1;
}

static int32_t first_woken = TRAPPED; /* how many the first of two calls has woken */

static void wake_two(void) {
    first_woken = call(&guests[2], NOTIFY, 64, 1, 0);
    outcome = call(&guests[2], NOTIFY, 64, 9, 0);
}

static int32_t second = TRAPPED;

static void wait_too(void) {
    meanwhile = wake_two;
    second = call(&guests[1], WAIT, 64, 0, ENDLESS);
}

static int32_t wait_while(void (*other)(void), int64_t timeout) {
    meanwhile = other;
    woken = NULL;
    outcome = TRAPPED;
    return call(&guests[0], WAIT, 64, 0, timeout);
}

static void wait_and_wake(void) {
    check(wait_while(wake_one, ENDLESS) == WOKEN && outcome == 1 && woken != NULL, "one wakes the other");
    check(wait_while(wake_other, 1000) == TIMED_OUT && outcome == 0, "not by another word");
    uint64_t begun = now;
    looks = 3;
    check(wait_while(NULL, 5000) == TIMED_OUT && now == begun + 5000, "for so long, whatever it is woken for");
    check(wait_while(NULL, 0) == TIMED_OUT && now == begun + 5000, "or not at all");
    check(wait_while(wait_too, ENDLESS) == WOKEN && second == WOKEN, "two wait");
    check(first_woken == 1 && outcome == 1, "and are woken one by one");
    check(call(&guests[1], NOTIFY, 64, 9, 0) == 0, "and wait no longer");
    check(wait_while(call_again, 10) == TIMED_OUT && outcome == 0, "the platform may call the same guest");
    check(wait_while(sleep_again, ENDLESS) == WOKEN && outcome == 1 && woken != NULL, "which may wait, too");
    check(wait_while(write_word, 10) == TIMED_OUT && outcome == 0, "writing wakes nobody");
    check(call(&guests[0], WAIT, 64, 0, ENDLESS) == NOT_EQUAL, "who sees that does not wait");
    call(&guests[0], ADD, 64, -1, 0);
}

static void stop_waiting(void) {
    check(wait_while(interrupt, ENDLESS) == TRAPPED && guests[0].is_stopped, "interrupts end waits");
    check(call(&guests[0], WAIT, 64, 0, ENDLESS) == TRAPPED && guests[0].is_stopped, "as long as they last");
    fusee_store_interrupt(guests[0].store, false);
    check(call(&guests[1], NOTIFY, 64, 9, 0) == 0, "who was stopped waits no longer");
    check(wait_while(wake_one, ENDLESS) == WOKEN && outcome == 1, "and may again");
    uint64_t begun = now;
    fusee_store_set_deadline(guests[0].store, 700);
    check(wait_while(NULL, ENDLESS) == TRAPPED && guests[0].is_stopped && now == begun + 700, "deadlines end waits");
    fusee_store_set_deadline(guests[0].store, 0);
    check(wait_while(NULL, 10) == TIMED_OUT, "and are over then");
}

static void wait(bool has_clock) {
    wasm_engine_t *engine = new_engine(has_clock);
    fusee_sharedmemory_t *memory = new_shared(engine, 1, 4);
    for (int i = 0; i < 3; i++) check(begin(&guests[i], engine, memory, SHARING, sizeof SHARING), "three guests");
    check(call(&guests[0], GROW, 1, 0, 0) == 1 && call(&guests[1], LOAD, 2 * PAGE - 4, 0, 0) == 0, "growing is as ever");
    if (has_clock) {
        wait_and_wake();
        stop_waiting();
    } else {
        check(wait_while(NULL, 10) == TIMED_OUT, "the platform says when time is over");
        check(wait_while(wake_one, ENDLESS) == WOKEN && outcome == 1, "and nobody else does");
        check(wait_while(interrupt, ENDLESS) == TRAPPED && guests[0].is_stopped, "but who stops it");
    }
    fusee_sharedmemory_delete(memory);
    for (int i = 0; i < 3; i++) end(&guests[i]);
    wasm_engine_delete(engine);
}

int share_memories(void) {
    have_types();
    live_without_memory(live, 20);
    wasm_engine_t *engine = fusee_engine_new(platform());
    share(engine);
    pass_on(engine);
    wasm_engine_delete(engine);
    wait(true);
    wait(false);
    wasm_config_delete(fusee_config_new(platform())); /* for all that comes: the platform without waiting again */
    return failures;
}
