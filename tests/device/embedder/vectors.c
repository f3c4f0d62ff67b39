/* Vectors of 128 bits in C: as arguments and results, both ways, in globals, and where none is. */

#include "check.h"
#include "guests.h"

enum { ADD, THROUGH, MANY, HELD, FIXED, NEAR };

struct world {
    wasm_store_t *store;
    wasm_instance_t *instance;
    wasm_extern_vec_t exports;
};

static wasm_v128_t bytes_from(uint8_t first) {
    wasm_v128_t made;
    for (int i = 0; i < 16; i++) made.bytes[i] = (uint8_t)(first + i);
    return made;
}

static bool begins_with(const wasm_val_t *value, uint8_t first) {
    if (value->kind != WASM_V128 || value->of.v128 == NULL) return false;
    for (int i = 0; i < 16; i++)
        if (value->of.v128->bytes[i] != (uint8_t)(first + i)) return false;
    return true;
}

/* --- Callbacks: of two vectors and a number, the vectors change places --- */

static wasm_trap_t *swap(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    wasm_val_copy(&results->data[0], &args->data[2]);
    results->data[1].of.i32 = args->data[1].of.i32 + 1;
    wasm_val_copy(&results->data[2], &args->data[0]);
    return NULL;
}

static wasm_trap_t *pass_on(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    results->data[0] = args->data[2]; /* without a copy, and twice */
    results->data[1] = args->data[1];
    results->data[2] = args->data[2];
    return NULL;
}

static wasm_trap_t *forget(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

static wasm_trap_t *mistake(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    wasm_val_copy(&results->data[0], &args->data[0]);
    wasm_val_copy(&results->data[2], &args->data[0]);
    results->data[1].kind = WASM_F32;
    return NULL;
}

static wasm_functype_t *swapping(void) {
    return wasm_functype_new_3_2(wasm_valtype_new(WASM_V128), wasm_valtype_new_i32(), wasm_valtype_new(WASM_V128),
        wasm_valtype_new(WASM_V128), wasm_valtype_new_i32());
}

static wasm_functype_t *swapping_all(void) {
    wasm_functype_t *part = swapping();
    wasm_valtype_vec_t params, results;
    wasm_valtype_vec_copy(&params, wasm_functype_params(part));
    wasm_valtype_vec_copy(&results, &params);
    wasm_functype_delete(part);
    return wasm_functype_new(&params, &results);
}

static void open_world(struct world *w, wasm_engine_t *engine, wasm_func_callback_t callback) {
    wasm_byte_vec_t binary = {sizeof VECTORS, (wasm_byte_t *)VECTORS};
    w->store = wasm_store_new(engine);
    wasm_module_t *module = wasm_module_new(w->store, &binary);
    wasm_functype_t *type = swapping_all();
    wasm_func_t *func = wasm_func_new(w->store, type, callback);
    wasm_functype_delete(type);
    wasm_extern_t *given[] = {wasm_func_as_extern(func)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given);
    w->instance = wasm_instance_new(w->store, module, &imports, NULL);
    wasm_instance_exports(w->instance, &w->exports);
    wasm_func_delete(func);
    wasm_module_delete(module);
}

static void close_world(struct world *w) {
    wasm_extern_vec_delete(&w->exports);
    wasm_instance_delete(w->instance);
    wasm_store_delete(w->store);
}

static wasm_trap_t *call(const struct world *w, size_t index, wasm_val_vec_t args, wasm_val_vec_t results) {
    if (w->exports.size <= NEAR) return wasm_trap_new(w->store, NULL);
    return wasm_func_call(wasm_extern_as_func(w->exports.data[index]), &args, &results);
}

/* --- What is right --- */

static void functions(wasm_engine_t *engine) {
    struct world w;
    open_world(&w, engine, swap);
    check(w.exports.size == NEAR + 1, "a world");
    wasm_v128_t a = bytes_from(1), b = bytes_from(16);
    wasm_val_t arg[] = {WASM_V128_VAL(&a), WASM_V128_VAL(&b), WASM_INIT_VAL}, out[3];
    wasm_val_vec_t args = {2, arg}, results = {1, out};
    check(call(&w, ADD, args, results) == NULL, "a sum of vectors");
    check(out[0].kind == WASM_V128 && out[0].of.v128->bytes[0] == 17 && out[0].of.v128->bytes[15] == 47, "of bytes");
    wasm_val_t copy;
    wasm_val_copy(&copy, &out[0]);
    wasm_val_delete(&out[0]);
    check(out[0].of.v128 == NULL && copy.of.v128->bytes[1] == 19, "a copy is another");
    wasm_val_delete(&copy);
    wasm_val_t three[] = {WASM_V128_VAL(&a), WASM_I32_VAL(41), WASM_V128_VAL(&b)};
    wasm_val_vec_t all = WASM_ARRAY_VEC(three), swapped = WASM_ARRAY_VEC(out);
    check(call(&w, THROUGH, all, swapped) == NULL, "through a callback");
    check(begins_with(&out[0], 16) && out[1].of.i32 == 42 && begins_with(&out[2], 1), "they change places");
    wasm_val_vec_t copies;
    wasm_val_vec_copy(&copies, &swapped);
    for (int i = 0; i < 3; i++) wasm_val_delete(&out[i]);
    check(copies.size == 3 && begins_with(&copies.data[0], 16) && begins_with(&copies.data[2], 1), "copies of vectors");
    wasm_val_vec_delete(&copies);
    wasm_val_t nine[9];
    for (int i = 0; i < 9; i++) nine[i] = three[0];
    wasm_val_vec_t many = WASM_ARRAY_VEC(nine);
    check(call(&w, MANY, many, results) == NULL && out[0].of.v128->bytes[2] == 27, "more than a call has room for");
    wasm_val_delete(&out[0]);
    close_world(&w);
}

static void host_functions(wasm_engine_t *engine) {
    wasm_store_t *store = wasm_store_new(engine);
    wasm_functype_t *type = swapping_all(), *back;
    wasm_func_t *func = wasm_func_new(store, type, swap);
    wasm_functype_delete(type);
    back = wasm_func_type(func);
    check(wasm_valtype_kind(wasm_functype_params(back)->data[2]) == WASM_V128, "the type of a host function");
    check(wasm_func_param_arity(func) == 3 && wasm_func_result_arity(func) == 3, "counts values, not slots");
    wasm_functype_delete(back);
    wasm_v128_t a = bytes_from(5), b = bytes_from(99);
    wasm_val_t arg[] = {WASM_V128_VAL(&a), WASM_I32_VAL(-1), WASM_V128_VAL(&b)}, out[3];
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
    check(wasm_func_call(func, &args, &results) == NULL, "called by the host itself");
    check(begins_with(&out[0], 99) && out[1].of.i32 == 0 && begins_with(&out[2], 5), "with the same results");
    for (int i = 0; i < 3; i++) wasm_val_delete(&out[i]);
    wasm_func_delete(func);
    wasm_store_delete(store);
}

static void globals(wasm_engine_t *engine) {
    struct world w;
    open_world(&w, engine, swap);
    check(w.exports.size == NEAR + 1, "a world");
    wasm_global_t *held = wasm_extern_as_global(w.exports.data[HELD]);
    wasm_global_t *fixed = wasm_extern_as_global(w.exports.data[FIXED]);
    wasm_v128_t a = bytes_from(7);
    wasm_val_t value = WASM_V128_VAL(&a), nothing = WASM_V128_VAL(NULL), number = WASM_I64_VAL(1), out;
    wasm_global_get(held, &out);
    check(out.kind == WASM_V128 && out.of.v128->bytes[0] == 1 && out.of.v128->bytes[8] == 2, "a guest's global");
    wasm_val_delete(&out);
    wasm_global_set(held, &value);
    wasm_global_set(held, &nothing);
    wasm_global_set(held, &number);
    wasm_global_set(fixed, &value);
    wasm_global_get(held, &out);
    check(begins_with(&out, 7), "is set to vectors only");
    wasm_val_delete(&out);
    wasm_global_get(fixed, &out);
    check(out.of.v128->bytes[0] == 3 && out.of.v128->bytes[15] == 0xFF, "and a constant not at all");
    wasm_val_delete(&out);
    wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new(WASM_V128), WASM_CONST);
    wasm_global_t *own_global = wasm_global_new(w.store, type, &value);
    check(wasm_global_new(w.store, type, &nothing) == NULL && wasm_global_new(w.store, type, &number) == NULL, "no vector");
    wasm_global_get(own_global, &out);
    check(begins_with(&out, 7), "a global of the host's");
    wasm_val_delete(&out);
    wasm_global_delete(own_global);
    wasm_globaltype_delete(type);
    close_world(&w);
}

/* --- What is wrong --- */

static bool says_value(const wasm_trap_t *trap) {
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    bool is_so = message.size > 8 && message.data[0] == 'a' && message.data[2] == 'v' && message.data[6] == 'e';
    wasm_byte_vec_delete(&message);
    return is_so;
}

static void wrong_callbacks(wasm_engine_t *engine) {
    static const wasm_func_callback_t all[] = {swap, pass_on, forget, mistake};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct world w;
        open_world(&w, engine, all[i]);
        wasm_v128_t a = bytes_from(1), b = bytes_from(100);
        wasm_val_t arg[] = {WASM_V128_VAL(&a), WASM_I32_VAL(1), WASM_V128_VAL(&b)}, out[3];
        wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
        wasm_trap_t *trap = call(&w, THROUGH, args, results);
        check((trap == NULL) == (i < 2), "a result without a vector is a trap");
        check(trap == NULL || says_value(trap), "that says so");
        for (int k = 0; trap == NULL && k < 3; k++) wasm_val_delete(&out[k]);
        wasm_trap_delete(trap);
        close_world(&w);
    }
}

static void wrong_arguments(wasm_engine_t *engine) {
    struct world w;
    open_world(&w, engine, swap);
    wasm_v128_t a = bytes_from(1);
    wasm_val_t wrong[] = {WASM_V128_VAL(NULL), WASM_I32_VAL(1), WASM_F64_VAL(1), WASM_INIT_VAL}, out[1];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        wasm_val_t arg[] = {WASM_V128_VAL(&a), wrong[i]};
        wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
        wasm_trap_t *trap = call(&w, ADD, args, results);
        check(trap != NULL && says_value(trap), "what is no vector");
        wasm_trap_delete(trap);
    }
    close_world(&w);
    wasm_v128_t *zero = wasm_v128_new(NULL), *copy = wasm_v128_copy(zero);
    check(copy != NULL && copy != zero && copy->bytes[0] == 0 && copy->bytes[15] == 0, "zeros");
    wasm_v128_delete(zero);
    wasm_v128_delete(copy);
    wasm_v128_delete(NULL);
    check(wasm_v128_copy(NULL) == NULL, "a copy of nothing");
    wasm_val_t owned = WASM_V128_VAL(wasm_v128_new(a.bytes));
    check(begins_with(&owned, 1), "these bytes");
    wasm_val_delete(&owned);
    check(sizeof(wasm_val_t) == 16, "a value is as large as it was");
}

/* --- No memory, at every place in turn --- */

static void live(wasm_engine_t *engine) {
    struct world w;
    open_world(&w, engine, swap);
    wasm_v128_t a = bytes_from(1), b = bytes_from(100);
    wasm_val_t arg[] = {WASM_V128_VAL(&a), WASM_I32_VAL(1), WASM_V128_VAL(&b)}, out[3], held;
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out), copies;
    wasm_trap_t *trap = call(&w, THROUGH, args, results);
    if (trap == NULL) {
        wasm_val_vec_copy(&copies, &results);
        check(copies.size == 0 || (begins_with(&copies.data[0], 100) && begins_with(&copies.data[2], 1)), "all or none");
        wasm_val_vec_delete(&copies);
        for (int i = 0; i < 3; i++) wasm_val_delete(&out[i]);
    }
    wasm_trap_delete(trap);
    if (w.exports.size > HELD) {
        wasm_global_get(wasm_extern_as_global(w.exports.data[HELD]), &held);
        wasm_val_delete(&held);
    }
    close_world(&w);
}

/* --- Relaxed instructions: what lies beyond the end is 0, or the place modulo 16 where one instruction gives that --- */

#if defined(__x86_64__)
enum { HAS_CHEAPER_ANSWERS = true };
#else
enum { HAS_CHEAPER_ANSWERS = false };
#endif

static void relaxed(bool deterministic) {
    wasm_config_t *config = wasm_config_new();
    fusee_config_set_relaxed_simd_deterministic(config, deterministic);
    wasm_engine_t *engine = fusee_engine_new_with_config(platform(), config);
    struct world w;
    open_world(&w, engine, swap);
    wasm_v128_t a = bytes_from(1), places = bytes_from(15);
    wasm_val_t arg[] = {WASM_V128_VAL(&a), WASM_V128_VAL(&places)}, out[1];
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
    check(call(&w, NEAR, args, results) == NULL, "a relaxed instruction");
    const uint8_t *bytes = (const uint8_t *)out[0].of.v128->bytes;
    check(bytes[0] == 16, "of what has one answer");
    bool is_cheaper = HAS_CHEAPER_ANSWERS && !deterministic;
    check(bytes[1] == (is_cheaper ? 1 : 0) && bytes[15] == (is_cheaper ? 15 : 0), "of what has two: beyond the end");
    wasm_val_delete(&out[0]);
    close_world(&w);
    wasm_engine_delete(engine);
}

int carry(void) {
    live_without_memory(live, 50);
    wasm_engine_t *engine = fusee_engine_new(platform());
    functions(engine);
    host_functions(engine);
    globals(engine);
    wrong_callbacks(engine);
    wrong_arguments(engine);
    wasm_engine_delete(engine);
    relaxed(true);
    relaxed(false);
    fusee_config_set_relaxed_simd_deterministic(NULL, false);
    return failures;
}
