/* `wasm.h` in the hands of somebody careless: NULL everywhere, handles of the wrong kind, callbacks that break every rule,
 * and no memory at the worst moment. Nothing crashes, nothing leaks, and each finalizer is called at most once. */

#include "check.h"
#include "guests.h"

static void count(void *info) { (*(int *)info)++; }

/* --- NULL in the place of every object --- */

#define NO_VECTOR(name)                                      \
    do {                                                     \
        wasm_##name##_vec_t vector;                          \
        wasm_##name##_vec_copy(&vector, NULL);               \
        check(vector.size == 0, "copy of no " #name "_vec"); \
        wasm_##name##_vec_new(&vector, 0, NULL);             \
        wasm_##name##_vec_delete(&vector);                   \
        wasm_##name##_vec_delete(NULL);                      \
    } while (0)

#define NO_TYPE(name)                                              \
    do {                                                           \
        NO_VECTOR(name);                                           \
        check(wasm_##name##_copy(NULL) == NULL, "copy of " #name); \
        wasm_##name##_delete(NULL);                                \
    } while (0)

#define NO_REF(name)                                                                              \
    do {                                                                                          \
        check(wasm_##name##_copy(NULL) == NULL && wasm_##name##_same(NULL, NULL), "no " #name);   \
        check(wasm_##name##_get_host_info(NULL) == NULL, "host info of no " #name);               \
        wasm_##name##_set_host_info(NULL, &failures);                                             \
        wasm_##name##_set_host_info_with_finalizer(NULL, &failures, count);                       \
        wasm_##name##_delete(NULL);                                                               \
    } while (0)

static void no_types(void) {
    wasm_message_t text;
    NO_VECTOR(byte);
    NO_VECTOR(val);
    NO_TYPE(valtype);
    NO_TYPE(functype);
    NO_TYPE(globaltype);
    NO_TYPE(tabletype);
    NO_TYPE(memorytype);
    NO_TYPE(tagtype);
    NO_TYPE(externtype);
    NO_TYPE(importtype);
    NO_TYPE(exporttype);
    NO_TYPE(frame);
    NO_VECTOR(extern);
    check(wasm_globaltype_new(NULL, WASM_VAR) == NULL && wasm_tabletype_new(NULL, NULL) == NULL, "no content");
    check(wasm_functype_params(NULL) == NULL && wasm_functype_results(NULL) == NULL, "a function type's");
    check(wasm_globaltype_content(NULL) == NULL && wasm_globaltype_mutability(NULL) == WASM_CONST, "a global type's");
    check(wasm_tabletype_element(NULL) == NULL && wasm_tabletype_limits(NULL) == NULL, "a table type's");
    check(wasm_memorytype_limits(NULL) == NULL, "a memory type's");
    check(wasm_importtype_module(NULL) == NULL && wasm_importtype_name(NULL) == NULL, "an import's names");
    check(wasm_importtype_type(NULL) == NULL && wasm_exporttype_type(NULL) == NULL, "an import's type");
    check(wasm_importtype_new(NULL, NULL, NULL) == NULL && wasm_exporttype_new(NULL, NULL) == NULL, "an import");
    check(wasm_externtype_as_functype(NULL) == NULL && wasm_functype_as_externtype(NULL) == NULL, "conversions");
    check(wasm_externtype_kind(NULL) > WASM_EXTERN_TAG && wasm_valtype_kind(NULL) > WASM_EXNREF, "kinds");
    check(wasm_frame_instance(NULL) == NULL && wasm_frame_func_offset(NULL) == 0, "a frame's");
    check(wasm_trap_origin(NULL) == NULL, "a trap's frame");
    wasm_trap_message(NULL, &text);
    check(text.size == 1 && text.data[0] == 0, "a trap's message");
    wasm_byte_vec_delete(&text);
    wasm_val_delete(NULL);
    wasm_memorytype_delete(wasm_memorytype_new(NULL));
}

static void no_objects(void) {
    wasm_extern_vec_t externs;
    wasm_importtype_vec_t imports;
    wasm_byte_vec_t bytes;
    wasm_frame_vec_t frames;
    wasm_val_t value = WASM_I32_VAL(1);
    NO_REF(ref);
    NO_REF(trap);
    NO_REF(foreign);
    NO_REF(module);
    NO_REF(func);
    NO_REF(global);
    NO_REF(table);
    NO_REF(memory);
    NO_REF(tag);
    NO_REF(extern);
    NO_REF(instance);
    check(wasm_ref_as_func(NULL) == NULL && wasm_ref_as_extern(NULL) == NULL && wasm_func_as_ref(NULL) == NULL, "ref");
    check(wasm_extern_as_memory(NULL) == NULL && wasm_extern_type(NULL) == NULL, "an extern");
    check(wasm_extern_kind(NULL) > WASM_EXTERN_TAG, "its kind");
    check(wasm_func_type(NULL) == NULL && wasm_func_param_arity(NULL) == 0, "a function");
    check(wasm_global_type(NULL) == NULL && wasm_table_type(NULL) == NULL && wasm_memory_type(NULL) == NULL, "types");
    check(wasm_table_get(NULL, 0) == NULL && !wasm_table_set(NULL, 0, NULL) && wasm_table_size(NULL) == 0, "a table");
    check(wasm_memory_data(NULL) == NULL && wasm_memory_data_size(NULL) == 0, "a memory");
    check(wasm_memory_size(NULL) == 0 && !wasm_memory_grow(NULL, 0) && !wasm_table_grow(NULL, 0, NULL), "its size");
    wasm_global_set(NULL, &value);
    wasm_global_get(NULL, &value);
    check(value.kind == WASM_EXTERNREF && value.of.ref == NULL, "a global's value");
    wasm_trap_trace(NULL, &frames);
    wasm_instance_exports(NULL, &externs);
    wasm_module_imports(NULL, &imports);
    wasm_module_serialize(NULL, &bytes);
    check(frames.size == 0 && externs.size == 0 && imports.size == 0 && bytes.size == 0, "lists");
    check(wasm_module_share(NULL) == NULL && wasm_module_obtain(NULL, NULL) == NULL, "a shared module");
    wasm_shared_module_delete(NULL);
    wasm_trap_t *trap = wasm_func_call(NULL, NULL, NULL), *copy = wasm_trap_copy(trap);
    check(trap != NULL && wasm_trap_same(trap, copy) && wasm_trap_origin(trap) == NULL, "a call of nothing traps");
    wasm_trap_delete(trap);
    wasm_trap_delete(copy);
}

static void no_stores(wasm_engine_t *engine) {
    wasm_store_t *store = wasm_store_new(engine);
    wasm_trap_t *trap = NULL;
    wasm_message_t text;
    check(fusee_engine_new(NULL) == NULL && fusee_config_new(NULL) == NULL, "no platform");
    check(wasm_engine_new_with_config(NULL) == NULL && wasm_store_new(NULL) == NULL, "no engine");
    check(wasm_module_new(NULL, NULL) == NULL && !wasm_module_validate(NULL, NULL), "no store");
    check(wasm_func_new(NULL, NULL, NULL) == NULL && wasm_global_new(NULL, NULL, NULL) == NULL, "for a function");
    check(wasm_table_new(NULL, NULL, NULL) == NULL && wasm_memory_new(NULL, NULL) == NULL, "for a table");
    check(wasm_foreign_new(NULL) == NULL && wasm_instance_new(NULL, NULL, NULL, NULL) == NULL, "for an object");
    check(wasm_module_new(store, NULL) == NULL && wasm_func_new(store, NULL, NULL) == NULL, "with a store");
    check(wasm_global_new(store, NULL, NULL) == NULL && wasm_table_new(store, NULL, NULL) == NULL, "but no type");
    check(wasm_memory_new(store, NULL) == NULL && wasm_module_obtain(store, NULL) == NULL, "nor anything");
    fusee_store_error(store, &text);
    check(text.size > 1 && text.data[0] == 'a', "said in words");
    wasm_byte_vec_delete(&text);
    check(wasm_instance_new(store, NULL, NULL, &trap) == NULL && trap != NULL, "a reason is given");
    wasm_trap_delete(trap);
    wasm_trap_delete(wasm_trap_new(NULL, NULL));
    wasm_config_delete(NULL);
    wasm_engine_delete(NULL);
    wasm_store_delete(NULL);
    wasm_store_delete(store);
}

static void no_wasi(void) {
    wasm_trap_t *trap = NULL;
    uint32_t status = 7;
    check(!fusee_wasi_add_argument(NULL, "a", 1) && !fusee_wasi_add_environment(NULL, "a=b", 3), "no texts");
    check(!fusee_wasi_add_directory(NULL, "a", 1) && !fusee_wasi_imports(NULL, NULL, NULL), "no directory");
    fusee_wasi_set_streams(NULL, NULL);
    fusee_wasi_set_files(NULL, NULL);
    fusee_wasi_delete(NULL);
    fusee_store_set_wasi(NULL, fusee_wasi_new());
    check(!fusee_trap_exit_status(NULL, &status) && status == 7, "no trap is no exit");
    check(fusee_wasi_start(NULL, NULL) == 1 && fusee_wasi_start(NULL, &trap) == 1 && trap != NULL, "no program");
    check(!fusee_trap_exit_status(trap, &status) && status == 7, "a trap is none, either");
    wasm_trap_delete(trap);
}

/* --- Callbacks that break the rules --- */

static wasm_store_t *home, *abroad;
static wasm_func_t *own_func;
static wasm_instance_t *own_instance;

static wasm_trap_t *resize(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    ((wasm_val_vec_t *)(uintptr_t)args)->size = 1 << 20;
    results->size = 1 << 20;
    return NULL;
}

static wasm_trap_t *alias(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    results->data[0] = args->data[0]; /* no copy: two owners of one handle */
    return NULL;
}

static wasm_trap_t *number(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    (void)args;
    results->data[0].kind = WASM_I64;
    results->data[0].of.i64 = 1;
    return NULL;
}

static wasm_trap_t *smuggle(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    (void)args;
    results->data[0].of.ref = wasm_foreign_as_ref(wasm_foreign_new(abroad));
    return NULL;
}

static wasm_trap_t *foreign_trap(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    (void)args, (void)results;
    return wasm_trap_new(abroad, NULL);
}

static wasm_trap_t *burn(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    (void)args, (void)results;
    wasm_func_delete(own_func);
    wasm_instance_delete(own_instance);
    wasm_store_delete(home);
    own_func = NULL;
    own_instance = NULL;
    home = NULL;
    return NULL;
}

/* Have the guest pass a foreign object through a callback. Whether it came back, and once: that it has not trapped. */
static bool through(wasm_engine_t *engine, wasm_func_callback_t callback, int *ended) {
    home = wasm_store_new(engine);
    wasm_byte_vec_t binary = {sizeof REFERENCES, (wasm_byte_t *)REFERENCES};
    wasm_module_t *module = wasm_module_new(home, &binary);
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_externref(), wasm_valtype_new_externref());
    own_func = wasm_func_new(home, type, callback);
    wasm_functype_delete(type);
    wasm_extern_t *given[] = {wasm_func_as_extern(own_func)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given), exports;
    own_instance = wasm_instance_new(home, module, &imports, NULL);
    wasm_module_delete(module);
    wasm_instance_exports(own_instance, &exports);
    wasm_foreign_t *foreign = wasm_foreign_new(home);
    wasm_foreign_set_host_info_with_finalizer(foreign, ended, count);
    wasm_val_t arg[] = {WASM_REF_VAL(wasm_foreign_as_ref(foreign))}, out[] = {WASM_INIT_VAL};
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
    wasm_func_t *func = exports.size > 5 ? wasm_func_copy(wasm_extern_as_func(exports.data[5])) : NULL;
    wasm_extern_vec_delete(&exports);
    wasm_trap_t *trap = wasm_func_call(func, &args, &results);
    bool is_back = trap == NULL && foreign != NULL && wasm_ref_same(out[0].of.ref, arg[0].of.ref);
    wasm_trap_delete(trap);
    wasm_val_delete(&out[0]);
    wasm_foreign_delete(foreign);
    wasm_func_delete(func);
    wasm_func_delete(own_func);
    wasm_instance_delete(own_instance);
    wasm_store_delete(home);
    return is_back;
}

static void rule_breakers(wasm_engine_t *engine) {
    static const wasm_func_callback_t all[] = {alias, resize, number, smuggle, foreign_trap, burn};
    abroad = wasm_store_new(engine);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int ended = 0;
        check(through(engine, all[i], &ended) == (i == 0), "only the handle with two owners comes through");
        check(ended == 1, "and the object ends once");
    }
    wasm_store_delete(abroad);
}

static void wrong_kinds(wasm_engine_t *engine) {
    wasm_store_t *store = wasm_store_new(engine), *other = wasm_store_new(engine);
    wasm_limits_t limits = {1, 2};
    wasm_memorytype_t *type = wasm_memorytype_new(&limits);
    wasm_memory_t *memory = wasm_memory_new(store, type);
    wasm_val_t value = WASM_I32_VAL(0);
    wasm_val_vec_t none = WASM_EMPTY_VEC;
    check(wasm_func_new(store, (wasm_functype_t *)type, resize) == NULL, "a memory's type for a function");
    check(wasm_global_new(store, (wasm_globaltype_t *)type, &value) == NULL, "for a global");
    check(wasm_table_new(store, (wasm_tabletype_t *)type, NULL) == NULL, "for a table");
    check(wasm_globaltype_content((wasm_globaltype_t *)type) == NULL, "it has no content");
    check(wasm_table_size((wasm_table_t *)memory) == 0 && wasm_func_type((wasm_func_t *)memory) == NULL, "a memory");
    wasm_trap_t *trap = wasm_func_call((wasm_func_t *)memory, &none, &none);
    check(trap != NULL, "cannot be called");
    wasm_trap_delete(trap);
    wasm_tabletype_t *table = wasm_tabletype_new(wasm_valtype_new_externref(), &limits);
    wasm_foreign_t *stranger = wasm_foreign_new(other);
    check(wasm_table_new(store, table, wasm_foreign_as_ref(stranger)) == NULL, "another store's object");
    limits.min = 0xFFFFFFFF;
    wasm_memorytype_t *huge = wasm_memorytype_new(&limits);
    check(wasm_memory_new(store, huge) == NULL, "four times as much as there can be");
    wasm_memorytype_delete(huge);
    wasm_foreign_delete(stranger);
    wasm_tabletype_delete(table);
    wasm_memory_delete(memory);
    wasm_memorytype_delete(type);
    wasm_store_delete(store);
    wasm_store_delete(other);
}

/* --- Exceptions that nobody catches --- */

static wasm_store_t *thrower;

static wasm_trap_t *give_up(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    return wasm_trap_new(thrower, NULL);
}

static bool is_trap(wasm_extern_t *function) {
    wasm_val_t out[] = {WASM_I32_VAL(0)};
    wasm_val_vec_t none = WASM_EMPTY_VEC, one = WASM_ARRAY_VEC(out);
    wasm_trap_t *trap = wasm_func_call(wasm_extern_as_func(function), &none, &one);
    wasm_trap_delete(trap);
    return trap != NULL;
}

/* A trap of the host's is none of them, whatever was thrown before; and each of them ends with its call. */
static void uncaught(wasm_engine_t *engine) {
    thrower = wasm_store_new(engine);
    wasm_functype_t *type = wasm_functype_new_0_1(wasm_valtype_new_i32());
    wasm_func_t *func = wasm_func_new(thrower, type, give_up);
    wasm_extern_t *given[] = {wasm_func_as_extern(func)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given), exports;
    wasm_byte_vec_t binary = {sizeof THROWING, (wasm_byte_t *)THROWING};
    wasm_module_t *module = wasm_module_new(thrower, &binary);
    wasm_instance_t *instance = wasm_instance_new(thrower, module, &imports, NULL);
    wasm_instance_exports(instance, &exports);
    check(is_trap(exports.data[0]) && is_trap(exports.data[1]), "the guest catches no trap");
    long before = live_blocks();
    for (int i = 0; i < 3000; i++) check(is_trap(exports.data[0]), "what nobody catches");
    check(live_blocks() < before + 1500, "is not kept for long");
    check(is_trap(exports.data[1]), "still not");
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_func_delete(func);
    wasm_functype_delete(type);
    wasm_store_delete(thrower);
}

/* --- No memory, at every place in turn --- */

static void live(wasm_engine_t *engine, int *ended) {
    through(engine, alias, ended);
    wasm_store_t *store = wasm_store_new(engine);
    wasm_trap_t *trap = wasm_trap_new(store, NULL);
    wasm_trap_set_host_info(trap, ended);
    wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new_externref(), WASM_VAR);
    wasm_val_t value = WASM_REF_VAL(wasm_trap_as_ref(trap)), out;
    wasm_global_t *global = wasm_global_new(store, type, &value);
    wasm_global_get(global, &out);
    wasm_globaltype_delete(type);
    wasm_trap_delete(trap);
    wasm_val_vec_t one = {1, &out}, copy;
    wasm_val_vec_copy(&copy, &one);
    wasm_val_delete(&out);
    wasm_val_vec_delete(&copy);
    wasm_byte_vec_t binary = {sizeof REFERENCES, (wasm_byte_t *)REFERENCES};
    wasm_module_t *module = wasm_module_new(store, &binary);
    wasm_shared_module_t *shared = wasm_module_share(module);
    wasm_module_delete(module);
    wasm_store_t *other = wasm_store_new(engine);
    module = wasm_module_obtain(other, shared);
    wasm_shared_module_delete(shared);
    wasm_exporttype_vec_t exports, copies;
    wasm_module_exports(module, &exports);
    wasm_exporttype_vec_copy(&copies, &exports);
    wasm_exporttype_vec_delete(&exports);
    wasm_exporttype_vec_delete(&copies);
    wasm_module_delete(module);
    wasm_global_delete(global);
    wasm_store_delete(other);
    wasm_store_delete(store);
}

static void starve(void) {
    for (long number = 1;; number++) {
        int ended = 0;
        fail_allocation(number);
        wasm_engine_t *engine = fusee_engine_new(platform());
        live(engine, &ended);
        wasm_engine_delete(engine);
        check(live_blocks() == 0, "nothing leaks");
        check(ended <= 1, "nothing ends twice");
        if (!has_failed()) {
            check(number > 100 && ended == 1, "a life takes more allocations than that");
            break;
        }
    }
    fail_allocation(0);
}

int withstand(void) {
    starve();
    wasm_engine_t *engine = fusee_engine_new(platform());
    no_types();
    no_objects();
    no_stores(engine);
    no_wasi();
    rule_breakers(engine);
    wrong_kinds(engine);
    uncaught(engine);
    wasm_engine_delete(engine);
    return failures;
}
