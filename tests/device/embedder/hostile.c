/* An app in trouble: no memory at the worst moment, damaged modules, callbacks that misbehave. */

#include "guests.h"
#include "platform.h"

static int failures = 0;

static void complain(const char *text) {
    size_t size = 0;
    while (text[size]) size++;
    failures++;
    say("WRONG: ", 7);
    say(text, size);
    say("\n", 1);
}

/* Whatever fails for want of memory is tried once more, as only one allocation fails: then it must succeed. */
#define RETRY(target, make)                                          \
    do {                                                             \
        (target) = (make);                                           \
        if ((target) == NULL && has_failed()) (target) = (make);     \
        if ((target) == NULL) complain("not usable after: " #make);  \
    } while (0)

static wasm_trap_t *same(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

static wasm_functype_t *int_to_int(void) {
    wasm_valtype_t *param = wasm_valtype_new(WASM_I32), *result = wasm_valtype_new(WASM_I32);
    wasm_valtype_vec_t params, results;
    wasm_valtype_vec_new(&params, 1, &param);
    wasm_valtype_vec_new(&results, 1, &result);
    bool is_complete = param != NULL && result != NULL && params.size == 1 && results.size == 1;
    wasm_functype_t *type = is_complete ? wasm_functype_new(&params, &results) : NULL;
    if (!is_complete) {
        wasm_valtype_vec_delete(&params);
        wasm_valtype_vec_delete(&results);
    }
    return type;
}

static wasm_module_t *load(wasm_store_t *store, const unsigned char *bytes, size_t size) {
    wasm_byte_vec_t binary = {size, (wasm_byte_t *)bytes};
    return wasm_module_new(store, &binary);
}

static wasm_instance_t *instantiate(wasm_store_t *store, wasm_module_t *module, wasm_func_t *func) {
    wasm_extern_t *given[] = {wasm_func_as_extern(func)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given);
    wasm_trap_t *trap = NULL;
    wasm_instance_t *instance = wasm_instance_new(store, module, &imports, &trap);
    if ((instance == NULL) != (trap != NULL)) complain("a failure without a trap");
    wasm_trap_delete(trap);
    return instance;
}

/* Call the first export. True if it returned; it may trap once for want of memory. */
static bool call_first(wasm_instance_t *instance, int32_t argument, int32_t expected) {
    for (int attempt = 0; attempt < 2; attempt++) {
        wasm_extern_vec_t exports;
        wasm_instance_exports(instance, &exports);
        wasm_trap_t *trap = NULL;
        wasm_val_t arg[] = {WASM_I32_VAL(argument)}, out[] = {WASM_INIT_VAL};
        wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
        if (exports.size != 0) trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), &args, &results);
        bool has_returned = exports.size != 0 && trap == NULL && out[0].of.i32 == expected;
        wasm_trap_delete(trap);
        wasm_extern_vec_delete(&exports);
        if (has_returned) return true;
    }
    return false;
}

static void start_up(void) {
    wasm_engine_t *engine;
    wasm_store_t *store;
    wasm_module_t *module;
    wasm_functype_t *type;
    wasm_func_t *func;
    wasm_instance_t *instance;
    RETRY(engine, fusee_engine_new(platform()));
    RETRY(store, wasm_store_new(engine));
    RETRY(module, load(store, GUEST, sizeof GUEST));
    RETRY(type, int_to_int());
    RETRY(func, wasm_func_new(store, type, same));
    RETRY(instance, instantiate(store, module, func));
    if (instance != NULL && !call_first(instance, 7, 7)) complain("the guest cannot be called");
    wasm_instance_delete(instance);
    wasm_func_delete(func);
    wasm_functype_delete(type);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
}

static long starve(void) {
    for (long number = 1;; number++) {
        fail_allocation(number);
        start_up();
        if (live_blocks() != 0) {
            complain("leaked");
            return number;
        }
        if (!has_failed()) return number - 1;
    }
}

static void damage(wasm_engine_t *engine) {
    wasm_store_t *store = wasm_store_new(engine);
    unsigned char bytes[sizeof GUEST];
    for (size_t size = 0; size < sizeof GUEST; size++) {
        wasm_module_delete(load(store, GUEST, size)); /* cut between sections, some are whole */
        for (size_t i = 0; i < sizeof GUEST; i++) bytes[i] = GUEST[i];
        for (int bit = 0; bit < 8; bit++) {
            bytes[size] = (unsigned char)(GUEST[size] ^ 1 << bit);
            wasm_module_delete(load(store, bytes, sizeof GUEST));
        }
    }
    wasm_module_t *module = load(store, GUEST, sizeof GUEST);
    if (module == NULL) complain("the store is not usable after damaged modules");
    wasm_module_delete(module);
    wasm_store_delete(store);
}

/* A host function that calls the guest that calls it. */
static wasm_instance_t *recursive = NULL;
static int deepest = 0;

static wasm_trap_t *again(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    (void)env;
    deepest++;
    wasm_extern_vec_t exports;
    wasm_instance_exports(recursive, &exports);
    wasm_trap_t *trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), args, results);
    wasm_extern_vec_delete(&exports);
    return trap;
}

/* One that gives a value of the wrong type. */
static wasm_trap_t *wrong(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    (void)args;
    results->data[0].kind = WASM_F64;
    results->data[0].of.f64 = 1;
    return NULL;
}

static void misbehave(wasm_engine_t *engine) {
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *module = load(store, GUEST, sizeof GUEST);
    wasm_functype_t *type = int_to_int();
    wasm_func_t *func = wasm_func_new_with_env(store, type, again, NULL, NULL);
    recursive = instantiate(store, module, func);
    if (call_first(recursive, 1, 1) || deepest < 10) complain("endless recursion must end in a trap, and not at once");
    wasm_func_t *bad = wasm_func_new(store, type, wrong);
    wasm_func_t *good = wasm_func_new(store, type, same);
    wasm_instance_t *instance = instantiate(store, module, bad);
    if (call_first(instance, 1, 1)) complain("a result of the wrong type must trap");
    wasm_instance_delete(instance);
    instance = instantiate(store, module, good);
    if (!call_first(instance, 5, 5)) complain("the store is not usable after callbacks that misbehave");
    wasm_store_delete(store); /* before its handles: any order will do */
    wasm_instance_delete(instance);
    wasm_instance_delete(recursive);
    wasm_func_delete(func);
    wasm_func_delete(bad);
    wasm_func_delete(good);
    wasm_functype_delete(type);
    wasm_module_delete(module);
}

/* Guest and host call each other to the end of the guest's stack, which either of them may meet: no frame is left then. */
static void use_up_stack(uint64_t size) {
    wasm_config_t *config = fusee_config_new(platform());
    fusee_config_set_stack(config, size);
    fusee_config_set_nesting(config, 1000);
    wasm_engine_t *engine = fusee_engine_new_with_config(platform(), config);
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *module = load(store, GUEST, sizeof GUEST);
    wasm_functype_t *type = int_to_int();
    wasm_func_t *func = wasm_func_new_with_env(store, type, again, NULL, NULL);
    recursive = instantiate(store, module, func);
    deepest = 0;
    for (int round = 0; round < 2; round++) {
        wasm_extern_vec_t exports;
        wasm_instance_exports(recursive, &exports);
        wasm_val_t arg[] = {WASM_I32_VAL(1)}, out[] = {WASM_INIT_VAL};
        wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
        wasm_trap_t *trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), &args, &results);
        wasm_byte_vec_t message = WASM_EMPTY_VEC;
        if (trap != NULL) wasm_trap_message(trap, &message);
        if (message.size != sizeof "call stack exhausted" || message.data[5] != 's') complain("the stack has no end");
        wasm_byte_vec_delete(&message);
        wasm_trap_delete(trap);
        wasm_extern_vec_delete(&exports);
    }
    if (deepest < 20) complain("the stack ends at once");
    wasm_instance_delete(recursive);
    wasm_func_delete(func);
    wasm_functype_delete(type);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
}

/* A store that may hold no more than one page of memory, in whatever number of memories. */
static void hold_little(wasm_engine_t *engine) {
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *module = load(store, GUEST, sizeof GUEST);
    wasm_functype_t *type = int_to_int();
    wasm_func_t *func = wasm_func_new(store, type, same);
    fusee_store_set_total_limits(store, 65536, 0);
    fusee_store_set_heap_limit(store, 0);
    if (!fusee_store_collect(store, 1000000000) || !fusee_store_collect(NULL, 0)) complain("there is nothing to collect");
    wasm_instance_t *instance = instantiate(store, module, func);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_memory_t *memory = wasm_extern_as_memory(exports.data[3]);
    if (!wasm_memory_grow(memory, 0) || wasm_memory_grow(memory, 1)) complain("a memory grows by what is allowed");
    wasm_extern_t *given[] = {wasm_func_as_extern(func)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given);
    if (wasm_instance_new(store, module, &imports, NULL) != NULL) complain("a second memory is too much");
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_func_delete(func);
    wasm_functype_delete(type);
    wasm_module_delete(module);
    wasm_store_delete(store);
}

int resist(void) {
    if (starve() < 20) complain("a start-up takes more allocations than that");
    fail_allocation(0);
    wasm_engine_t *engine = fusee_engine_new(platform());
    damage(engine);
    misbehave(engine);
    hold_little(engine);
    wasm_engine_delete(engine);
    for (uint64_t slot = 0; slot < 24; slot++) use_up_stack(0x4000 + 8 * slot);
    return failures;
}
