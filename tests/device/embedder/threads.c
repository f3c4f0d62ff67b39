/* A module shared by threads, each of which has a store of its own on one engine. On computers only. */

#include <pthread.h>
#include <stdio.h>

#include "guests.h"
#include "platform.h"

enum { THREADS = 4, ROUNDS = 50 };

struct thread {
    pthread_t id;
    wasm_engine_t *engine;
    wasm_shared_module_t *shared;
    int number;
    int calls;
    int sum;
};

static wasm_trap_t *twice(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    ((struct thread *)env)->calls++;
    results->data[0].of.i32 = args->data[0].of.i32 * 2;
    return NULL;
}

static void round_of(struct thread *t) {
    wasm_store_t *store = wasm_store_new(t->engine);
    wasm_module_t *module = wasm_module_obtain(store, t->shared);
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t *func = wasm_func_new_with_env(store, type, twice, t, NULL);
    wasm_functype_delete(type);
    wasm_extern_t *given[] = {wasm_func_as_extern(func)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given), exports;
    wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
    wasm_func_delete(func);
    wasm_module_delete(module);
    wasm_instance_exports(instance, &exports);
    wasm_instance_delete(instance);
    wasm_val_t arg[] = {WASM_I32_VAL(t->number)}, out[] = {WASM_I32_VAL(-1)};
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
    wasm_trap_delete(wasm_func_call(wasm_extern_as_func(exports.data[0]), &args, &results));
    t->sum += out[0].of.i32;
    wasm_extern_vec_delete(&exports);
    wasm_store_delete(store);
}

static void *run(void *thread) {
    for (int i = 0; i < ROUNDS; i++) round_of(thread);
    return NULL;
}

int in_threads(void) {
    struct thread threads[THREADS];
    int failures = 0;
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_byte_vec_t binary = {sizeof GUEST, (wasm_byte_t *)GUEST};
    wasm_module_t *module = wasm_module_new(store, &binary);
    wasm_shared_module_t *shared = wasm_module_share(module);
    wasm_module_delete(module);
    wasm_store_delete(store);
    for (int i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){0, engine, shared, i, 0, 0};
        pthread_create(&threads[i].id, NULL, run, &threads[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i].id, NULL);
        failures += threads[i].sum != 4 * i * ROUNDS || threads[i].calls != 2 * ROUNDS;
    }
    if (failures != 0) puts("WRONG: threads disturb each other");
    wasm_shared_module_delete(shared);
    wasm_engine_delete(engine);
    return failures;
}
