/* What `wasm.h` has beside calls: every family of its functions, with right values, and each finalizer called once. */

#include "check.h"
#include "guests.h"

enum { CROWD = 3000 };

static bool equal(const wasm_byte_vec_t *bytes, const char *text) {
    for (size_t i = 0; i < bytes->size; i++)
        if (bytes->data[i] != text[i]) return false;
    return bytes->size != 0 && bytes->data[bytes->size - 1] == 0;
}

/* A finalizer counts in what it is given, which is also the host info. */
static void count(void *info) { (*(int *)info)++; }

static wasm_trap_t *pass(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

/* --- Types --- */

static void vectors(void) {
    wasm_byte_vec_t name, copy, huge;
    wasm_name_new_from_string(&name, "beat");
    check(name.size == 4 && name.data[3] == 't', "a name has no zero byte");
    wasm_name_delete(&name);
    wasm_name_new_from_string_nt(&name, "beat");
    check(name.size == 5 && equal(&name, "beat"), "but it may have one");
    wasm_name_copy(&copy, &name);
    check(copy.data != name.data && equal(&copy, "beat"), "a copy of a name");
    wasm_name_delete(&name);
    check(name.size == 0 && name.data == NULL, "a deleted vector is empty");
    wasm_name_delete(&name);
    wasm_name_delete(&copy);
    wasm_byte_vec_new_uninitialized(&huge, SIZE_MAX - 3);
    check(huge.size == 0 && huge.data == NULL, "no vector of nearly all bytes");
    wasm_val_vec_t values;
    wasm_val_vec_new_uninitialized(&values, SIZE_MAX / sizeof(wasm_val_t) + 2);
    check(values.size == 0 && values.data == NULL, "no vector whose size wraps around");
    wasm_valtype_t *one[] = {NULL};
    wasm_valtype_vec_t types;
    wasm_valtype_vec_new(&types, SIZE_MAX / 2, one);
    check(types.size == 0 && types.data == NULL, "nor of pointers");
    wasm_valtype_vec_new_uninitialized(&types, 2);
    types.data[1] = wasm_valtype_new_f32();
    wasm_valtype_vec_t again;
    wasm_valtype_vec_copy(&again, &types);
    check(again.size == 2 && again.data[0] == NULL && wasm_valtype_kind(again.data[1]) == WASM_F32, "null elements");
    wasm_valtype_vec_delete(&types);
    wasm_valtype_vec_delete(&again);
}

#define CHECK_SHORT(m, n, ...)                                                                       \
    do {                                                                                             \
        wasm_functype_t *made = wasm_functype_new_##m##_##n(__VA_ARGS__);                            \
        check(wasm_functype_params(made)->size == m && wasm_functype_results(made)->size == n, #m "->" #n); \
        if (n) check(wasm_valtype_kind(wasm_functype_results(made)->data[0]) == WASM_I64, "first result"); \
        if (m) check(wasm_valtype_kind(wasm_functype_params(made)->data[m - 1]) == WASM_F32, "last param"); \
        wasm_functype_delete(made);                                                                  \
    } while (0)

static void functypes(void) {
    wasm_valtype_t *(*p)(void) = wasm_valtype_new_f64, *(*q)(void) = wasm_valtype_new_f32;
    wasm_valtype_t *(*r)(void) = wasm_valtype_new_i64, *(*s)(void) = wasm_valtype_new_i32;
    CHECK_SHORT(0, 0, );
    CHECK_SHORT(1, 0, q());
    CHECK_SHORT(2, 0, p(), q());
    CHECK_SHORT(3, 0, p(), p(), q());
    CHECK_SHORT(0, 1, r());
    CHECK_SHORT(1, 1, q(), r());
    CHECK_SHORT(2, 1, p(), q(), r());
    CHECK_SHORT(3, 1, p(), p(), q(), r());
    CHECK_SHORT(0, 2, r(), s());
    CHECK_SHORT(1, 2, q(), r(), s());
    CHECK_SHORT(2, 2, p(), q(), r(), s());
    CHECK_SHORT(3, 2, p(), p(), q(), r(), s());
    check(wasm_valtype_new(77) == NULL, "there is no such kind");
    check(wasm_functype_new_1_1(wasm_valtype_new(77), wasm_valtype_new_i32()) == NULL, "a missing type is passed on");
}

static void externtypes(void) {
    wasm_limits_t limits = {1, 7};
    wasm_globaltype_t *global = wasm_globaltype_new(wasm_valtype_new_externref(), WASM_VAR);
    wasm_tabletype_t *table = wasm_tabletype_new(wasm_valtype_new_funcref(), &limits);
    wasm_memorytype_t *memory = wasm_memorytype_new(&limits);
    wasm_externtype_t *external = wasm_globaltype_as_externtype(global);
    check(wasm_externtype_kind(external) == WASM_EXTERN_GLOBAL, "a global's type");
    check(wasm_externtype_as_globaltype(external) == global, "is the same the other way");
    check(wasm_externtype_as_functype(external) == NULL, "and no function's");
    check(wasm_externtype_as_memorytype_const(external) == NULL, "nor a memory's");
    check(wasm_valtype_is_ref(wasm_globaltype_content(global)), "externref is a reference");
    check(!wasm_valkind_is_num(WASM_FUNCREF) && wasm_valkind_is_num(WASM_F64), "f64 is a number");
    wasm_globaltype_t *another = wasm_globaltype_copy(global);
    wasm_globaltype_delete(global);
    check(wasm_globaltype_mutability(another) == WASM_VAR, "a copy is as mutable");
    check(wasm_valtype_kind(wasm_globaltype_content(another)) == WASM_EXTERNREF, "and of the same content");
    wasm_globaltype_delete(another);
    check(wasm_valtype_kind(wasm_tabletype_element(table)) == WASM_FUNCREF, "a table's element");
    check(wasm_tabletype_limits(table)->min == 1 && wasm_memorytype_limits(memory)->max == 7, "limits");
    wasm_memorytype_t *list[] = {memory, wasm_memorytype_copy(memory)};
    wasm_memorytype_vec_t memories, copies;
    wasm_memorytype_vec_new(&memories, 2, list);
    wasm_memorytype_vec_copy(&copies, &memories);
    wasm_memorytype_vec_delete(&memories);
    check(copies.size == 2 && wasm_memorytype_limits(copies.data[1])->min == 1, "vectors of types");
    wasm_memorytype_vec_delete(&copies);
    wasm_name_t module, name;
    wasm_name_new_from_string(&module, "env");
    wasm_name_new_from_string(&name, "table");
    wasm_importtype_t *import = wasm_importtype_new(&module, &name, wasm_tabletype_as_externtype(table));
    check(module.size == 0 && wasm_importtype_module(import)->size == 3, "an import takes over its names");
    check(wasm_externtype_as_tabletype_const(wasm_importtype_type(import)) == table, "and its type");
    wasm_importtype_t *copy = wasm_importtype_copy(import);
    wasm_importtype_delete(import);
    check(wasm_importtype_name(copy)->size == 5, "a copy has its own");
    wasm_importtype_delete(copy);
    wasm_name_new_from_string(&name, "out");
    check(wasm_exporttype_new(&name, NULL) == NULL && name.data == NULL, "an export without a type");
}

/* --- A world with one instance --- */

struct world {
    wasm_store_t *store;
    wasm_module_t *module;
    wasm_func_t *pass;
    wasm_instance_t *instance;
    wasm_extern_vec_t exports;
};

enum { HELD, THINGS, FUNCTIONS, HOLD, GIVE, THROUGH, REVERSE, FAIL, MEMORY };

static wasm_module_t *load(wasm_store_t *store) {
    wasm_byte_vec_t binary = {sizeof REFERENCES, (wasm_byte_t *)REFERENCES};
    return wasm_module_new(store, &binary);
}

static bool open_world(struct world *w, wasm_engine_t *engine, wasm_func_callback_t callback) {
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_externref(), wasm_valtype_new_externref());
    w->store = wasm_store_new(engine);
    w->module = load(w->store);
    w->pass = wasm_func_new(w->store, type, callback);
    wasm_functype_delete(type);
    wasm_extern_t *given[] = {wasm_func_as_extern(w->pass)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given);
    w->instance = wasm_instance_new(w->store, w->module, &imports, NULL);
    wasm_instance_exports(w->instance, &w->exports);
    return w->exports.size == MEMORY + 1;
}

static void close_world(struct world *w) {
    wasm_extern_vec_delete(&w->exports);
    wasm_instance_delete(w->instance);
    wasm_func_delete(w->pass);
    wasm_module_delete(w->module);
    wasm_store_delete(w->store);
}

static wasm_func_t *function(const struct world *w, size_t index) { return wasm_extern_as_func(w->exports.data[index]); }

static bool hold(const struct world *w, wasm_ref_t *ref) {
    wasm_val_t arg[] = {WASM_REF_VAL(ref)};
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), none = WASM_EMPTY_VEC;
    wasm_trap_t *trap = wasm_func_call(function(w, HOLD), &args, &none);
    wasm_trap_delete(trap);
    return trap == NULL;
}

static wasm_ref_t *ask(const struct world *w, size_t index, wasm_ref_t *ref) {
    wasm_val_t arg[] = {WASM_REF_VAL(ref)}, out[] = {WASM_INIT_VAL};
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), none = WASM_EMPTY_VEC, results = WASM_ARRAY_VEC(out);
    wasm_trap_t *trap = wasm_func_call(function(w, index), index == GIVE ? &none : &args, &results);
    wasm_trap_delete(trap);
    return trap == NULL && out[0].kind == WASM_EXTERNREF ? out[0].of.ref : NULL;
}

/* --- Host info and references --- */

static void host_info(wasm_engine_t *engine) {
    struct world w;
    static int ends[9], replaced; /* static: clearing them would take a function of C's */
    check(open_world(&w, engine, pass), "a world");
    wasm_trap_t *trap = wasm_trap_new(w.store, NULL);
    wasm_foreign_t *foreign = wasm_foreign_new(w.store);
    wasm_ref_t *all[] = {
        wasm_func_as_ref(w.pass), wasm_instance_as_ref(w.instance), wasm_module_as_ref(w.module),
        wasm_trap_as_ref(trap), wasm_foreign_as_ref(foreign), wasm_extern_as_ref(w.exports.data[HELD]),
        wasm_extern_as_ref(w.exports.data[THINGS]), wasm_extern_as_ref(w.exports.data[MEMORY]),
        wasm_extern_as_ref(w.exports.data[HOLD])};
    for (int i = 0; i < 9; i++) {
        check(wasm_ref_get_host_info(all[i]) == NULL, "nothing is attached at first");
        wasm_ref_set_host_info_with_finalizer(all[i], &replaced, count);
        check(wasm_ref_get_host_info(all[i]) == &replaced && replaced == i, "then something is");
        wasm_ref_set_host_info_with_finalizer(all[i], &ends[i], count);
        check(replaced == i + 1, "what is replaced is finalized");
        wasm_ref_t *copy = wasm_ref_copy(all[i]);
        check(wasm_ref_same(copy, all[i]) && wasm_ref_get_host_info(copy) == &ends[i], "a copy has the same");
        check(!wasm_ref_same(copy, all[(i + 1) % 9]), "and is nothing else");
        wasm_ref_delete(copy);
        check(ends[i] == 0, "an object lives while it has a handle");
    }
    check(wasm_memory_get_host_info(wasm_extern_as_memory(w.exports.data[MEMORY])) == &ends[7], "by its own name");
    check(wasm_ref_as_trap(all[3]) == trap && wasm_ref_as_foreign(all[4]) == foreign, "kinds");
    check(wasm_ref_as_extern(all[4]) == NULL && wasm_ref_as_extern(all[6]) == w.exports.data[THINGS], "externs");
    check(wasm_ref_as_func_const(all[5]) == NULL && wasm_ref_as_module(all[1]) == NULL, "other kinds");
    wasm_trap_delete(trap);
    wasm_foreign_delete(foreign);
    check(ends[3] == 1, "a trap ends with its last handle");
    close_world(&w);
    for (int i = 0; i < 9; i++) check(ends[i] == 1, "each finalizer is called once");
    check(replaced == 9, "and not those that were replaced");
}

static void foreigners(wasm_engine_t *engine) {
    static int ends[CROWD];
    struct world w;
    int early = 0, late = 0;
    check(open_world(&w, engine, pass), "a world");
    for (int i = 0; i < CROWD; i++) {
        wasm_foreign_t *foreign = wasm_foreign_new(w.store);
        wasm_foreign_set_host_info_with_finalizer(foreign, &ends[i], count);
        if (i == 5) check(hold(&w, wasm_foreign_as_ref(foreign)), "the guest holds one");
        if (i == 6) check(wasm_table_set(wasm_extern_as_table(w.exports.data[THINGS]), 2, wasm_foreign_as_ref(foreign)), "table");
        wasm_foreign_delete(foreign);
    }
    for (int i = 0; i < CROWD; i++) early += ends[i];
    check(early > CROWD / 2, "objects end when nothing refers to them, not with the store only");
    check(ends[5] == 0 && ends[6] == 0, "but not what a guest holds");
    wasm_ref_t *back = ask(&w, GIVE, NULL), *other = wasm_table_get(wasm_extern_as_table(w.exports.data[THINGS]), 2);
    check(wasm_ref_get_host_info(back) == &ends[5] && wasm_ref_as_foreign(back) != NULL, "which comes back");
    check(wasm_ref_get_host_info(other) == &ends[6] && !wasm_ref_same(back, other), "as does the other");
    check(hold(&w, NULL), "the guest drops it");
    wasm_ref_t *through = ask(&w, THROUGH, back);
    check(wasm_ref_same(through, back), "through guest and host it stays the same");
    wasm_ref_delete(through);
    wasm_ref_delete(other);
    close_world(&w);
    check(wasm_ref_get_host_info(back) == &ends[5], "a handle keeps its store");
    wasm_ref_delete(back);
    for (int i = 0; i < CROWD; i++) late += ends[i] == 1;
    check(late == CROWD, "in the end all were finalized, once");
}

static void anything_is_a_reference(wasm_engine_t *engine) {
    struct world w, x;
    check(open_world(&w, engine, pass) && open_world(&x, engine, pass), "two worlds");
    int ended = 0;
    wasm_trap_t *trap = wasm_trap_new(w.store, NULL);
    wasm_trap_set_host_info_with_finalizer(trap, &ended, count);
    wasm_ref_t *all[] = {wasm_func_as_ref(w.pass), wasm_instance_as_ref(w.instance), wasm_module_as_ref(w.module),
        wasm_extern_as_ref(w.exports.data[HELD]), wasm_trap_as_ref(trap)};
    for (int i = 0; i < 5; i++) {
        check(hold(&w, all[i]), "a guest holds anything");
        wasm_ref_t *back = ask(&w, GIVE, NULL);
        check(wasm_ref_same(back, all[i]), "and gives it back");
        check((wasm_ref_as_func(back) != NULL) == (i == 0) && (wasm_ref_as_trap(back) != NULL) == (i == 4), "as it was");
        wasm_ref_delete(back);
    }
    check(!hold(&x, all[0]) && !hold(&x, all[4]), "not in another store");
    wasm_trap_delete(trap);
    check(ended == 0, "a guest keeps a trap");
    wasm_ref_t *back = ask(&w, GIVE, NULL);
    close_world(&w);
    check(wasm_trap_get_host_info(wasm_ref_as_trap(back)) == &ended, "which keeps its store");
    wasm_ref_delete(back);
    check(ended == 1, "until its last handle is gone");
    close_world(&x);
}

/* --- What the standard has beside that --- */

static void traps(wasm_engine_t *engine) {
    struct world w;
    check(open_world(&w, engine, pass), "a world");
    wasm_message_t careless = {4, (char *)"oops, and more"}, message;
    wasm_trap_t *trap = wasm_trap_new(w.store, &careless), *copy = wasm_trap_copy(trap);
    check(wasm_trap_same(trap, copy) && wasm_trap_origin(trap) == NULL, "a trap of the host's");
    wasm_trap_delete(trap);
    wasm_trap_message(copy, &message);
    check(message.size == 5 && equal(&message, "oops"), "a message ends in a zero byte in any case");
    wasm_byte_vec_delete(&message);
    wasm_trap_delete(copy);
    wasm_val_vec_t none = WASM_EMPTY_VEC;
    trap = wasm_func_call(function(&w, FAIL), &none, &none);
    wasm_frame_vec_t frames, more;
    wasm_trap_trace(trap, &frames);
    wasm_frame_t *origin = wasm_trap_origin(trap);
    wasm_trap_delete(trap);
    check(frames.size == 2 && wasm_frame_func_index(frames.data[0]) == wasm_frame_func_index(origin), "two frames");
    size_t start = wasm_frame_module_offset(origin) - wasm_frame_func_offset(origin);
    check(REFERENCES[wasm_frame_module_offset(origin)] == 0x00, "the offset is that of `unreachable`");
    check(wasm_frame_func_offset(origin) == 1 && REFERENCES[start] == 0, "behind the number of locals");
    check(wasm_frame_module_offset(frames.data[1]) > start, "and the caller is the next function");
    wasm_frame_vec_copy(&more, &frames);
    wasm_frame_vec_delete(&frames);
    wasm_instance_t *instance = wasm_instance_copy(wasm_frame_instance(more.data[1]));
    check(wasm_instance_same(instance, w.instance), "a frame knows its instance");
    close_world(&w);
    wasm_frame_vec_delete(&more);
    wasm_frame_delete(origin);
    wasm_instance_delete(instance);
}

static void modules(wasm_engine_t *engine) {
    struct world w, x;
    check(open_world(&w, engine, pass), "a world");
    wasm_byte_vec_t bytes;
    wasm_module_serialize(w.module, &bytes);
    wasm_engine_t *elsewhere = fusee_engine_new(platform());
    wasm_store_t *store = wasm_store_new(elsewhere);
    wasm_module_t *module = wasm_module_deserialize(store, &bytes);
    wasm_exporttype_vec_t exports;
    wasm_module_exports(module, &exports);
    check(exports.size == MEMORY + 1 && equal(wasm_exporttype_name(exports.data[HELD]), "held") == false, "exports");
    check(wasm_exporttype_name(exports.data[HELD])->data[0] == 'h', "a module that was serialised");
    wasm_exporttype_vec_delete(&exports);
    bytes.size -= 1;
    check(!wasm_module_validate(store, &bytes) && wasm_module_deserialize(store, &bytes) == NULL, "and damaged");
    bytes.size += 1;
    wasm_byte_vec_delete(&bytes);
    wasm_module_delete(module);
    wasm_shared_module_t *shared = wasm_module_share(w.module);
    module = wasm_module_obtain(store, shared);
    wasm_shared_module_delete(shared);
    check(module != NULL && !wasm_module_same(module, w.module), "a module of another engine's store");
    wasm_module_delete(w.module);
    w.module = NULL;
    check(open_world(&x, elsewhere, pass), "another world");
    wasm_extern_t *given[] = {wasm_func_as_extern(x.pass)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given);
    for (int i = 0; i < 2; i++) {
        wasm_instance_t *instance = wasm_instance_new(x.store, module, &imports, NULL);
        wasm_extern_vec_t found;
        wasm_instance_exports(instance, &found);
        wasm_functype_t *type = wasm_func_type(wasm_extern_as_func(found.data[REVERSE]));
        check(wasm_functype_results(type)->size == 4, "a module of a third store can be instantiated, too");
        wasm_functype_delete(type);
        wasm_extern_vec_delete(&found);
        wasm_instance_delete(instance);
    }
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(elsewhere);
    close_world(&x);
    close_world(&w);
}

static void globals_tables_memories(wasm_engine_t *engine) {
    struct world w;
    check(open_world(&w, engine, pass), "a world");
    wasm_table_t *things = wasm_extern_as_table(w.exports.data[THINGS]);
    wasm_table_t *functions = wasm_extern_as_table(w.exports.data[FUNCTIONS]);
    wasm_global_t *held = wasm_extern_as_global(w.exports.data[HELD]);
    wasm_memory_t *memory = wasm_extern_as_memory(w.exports.data[MEMORY]);
    wasm_foreign_t *foreign = wasm_foreign_new(w.store);
    wasm_ref_t *ref = wasm_foreign_as_ref(foreign);
    check(!wasm_table_set(things, 4, ref) && !wasm_table_set(things, UINT32_MAX, ref), "beyond the end");
    check(!wasm_table_set(functions, 0, ref) && !wasm_table_grow(functions, 1, ref), "a foreign object is no function");
    check(wasm_table_grow(things, 4, ref) && wasm_table_size(things) == 8, "a table grows");
    check(!wasm_table_grow(things, 1, NULL) && !wasm_table_grow(things, UINT32_MAX, NULL), "up to its maximum");
    wasm_ref_t *found = wasm_table_get(things, 7), *function_ref = wasm_table_get(functions, 0);
    check(wasm_ref_same(found, ref) && wasm_table_get(things, 8) == NULL, "filled with what was given");
    wasm_ref_delete(found);
    check(wasm_func_result_arity(wasm_ref_as_func(function_ref)) == 4, "a function in a table");
    wasm_val_t value = WASM_REF_VAL(function_ref), out;
    wasm_global_set(held, &value);
    wasm_global_get(held, &out);
    check(out.kind == WASM_EXTERNREF && wasm_ref_same(out.of.ref, function_ref), "a function as an externref");
    wasm_val_delete(&out);
    value.kind = WASM_I32;
    wasm_global_set(held, &value);
    wasm_global_get(held, &out);
    check(wasm_ref_same(out.of.ref, function_ref), "a number is none");
    wasm_val_delete(&out);
    wasm_ref_delete(function_ref);
    check(!wasm_memory_grow(memory, 2) && !wasm_memory_grow(memory, UINT32_MAX), "a memory's maximum");
    check(wasm_memory_grow(memory, 1) && wasm_memory_data_size(memory) == 2 * MEMORY_PAGE_SIZE, "and up to it");
    wasm_foreign_delete(foreign);
    wasm_val_t arg[] = {WASM_I32_VAL(-1), WASM_I64_VAL(INT64_MIN), WASM_F32_VAL(0.5f), WASM_F64_VAL(-2.25)}, results[4];
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), reversed = WASM_ARRAY_VEC(results), short_of = {3, results};
    check(wasm_func_call(function(&w, REVERSE), &args, &reversed) == NULL, "four results");
    check(results[0].kind == WASM_F64 && results[0].of.i64 == (int64_t)0xC002000000000000, "of floats: -2.25");
    check(results[1].kind == WASM_F32 && results[1].of.i32 == 0x3F000000, "0.5");
    check(results[2].of.i64 == INT64_MIN && results[3].kind == WASM_I32 && results[3].of.i32 == -1, "and of integers");
    wasm_trap_t *trap = wasm_func_call(function(&w, REVERSE), &args, &short_of);
    check(trap != NULL, "no room for the results");
    wasm_trap_delete(trap);
    void *there = &w;
    wasm_val_init_ptr(&out, there);
    check(wasm_val_ptr(&out) == there && wasm_valkind_is_num(out.kind), "a pointer in a value");
    close_world(&w);
}

/* --- What is on without being asked for, as in Python, though it is in no version of the specification --- */

static void proposals(wasm_engine_t *engine) {
    /* (import "env" "f" (func)), with the module's name before a list of one: compact-import-section */
    static const unsigned char compact[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0,
        2, 12, 1, 3, 'e', 'n', 'v', 0, 0x7F, 1, 1, 'f', 0, 0};
    wasm_store_t *store = wasm_store_new(engine);
    wasm_byte_vec_t grouped = {sizeof compact, (wasm_byte_t *)compact}, older = {sizeof OLDER, (wasm_byte_t *)OLDER};
    wasm_extern_vec_t none = WASM_EMPTY_VEC, exports = WASM_EMPTY_VEC;
    wasm_val_vec_t nothing = WASM_EMPTY_VEC;
    wasm_val_t out[] = {WASM_INIT_VAL};
    wasm_val_vec_t results = WASM_ARRAY_VEC(out);
    check(wasm_module_validate(store, &grouped), "compact imports");
    wasm_module_t *module = wasm_module_new(store, &older);
    check(module != NULL, "the older form of exceptions");
    wasm_instance_t *instance = wasm_instance_new(store, module, &none, NULL);
    wasm_instance_exports(instance, &exports);
    wasm_func_t *caught = exports.size == 1 ? wasm_extern_as_func(exports.data[0]) : NULL;
    check(wasm_func_call(caught, &nothing, &results) == NULL && out[0].of.i32 == 8, "is thrown and caught");
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
}

int conform(void) {
    wasm_engine_t *engine = fusee_engine_new(platform());
    vectors();
    functypes();
    externtypes();
    host_info(engine);
    foreigners(engine);
    anything_is_a_reference(engine);
    traps(engine);
    modules(engine);
    globals_tables_memories(engine);
    proposals(engine);
    wasm_engine_delete(engine);
    return failures;
}
