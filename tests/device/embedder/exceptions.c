/* Tags and exceptions in C: made, thrown, caught and read by the host, by guests, and through both. */

#include "check.h"
#include "guests.h"

enum { CROWD = 1500, MANY = 5000 };

static void count(void *info) { (*(int *)info)++; }

static bool says(const wasm_trap_t *trap, const char *text) {
    wasm_message_t message;
    size_t size = 0;
    wasm_trap_message(trap, &message);
    while (text[size] && size < message.size && message.data[size] == text[size]) size++;
    bool is_so = text[size] == 0 && message.size == size + 1 && message.data[size] == 0;
    if (!is_so) say(message.data, message.size - 1);
    wasm_byte_vec_delete(&message);
    return is_so;
}

/* --- A world: its tag is the host's, and its import is `answer` --- */

enum { BEAT, KEPT, THROW, GUARDED, ALL, PLAIN, STOPPED, AGAIN, REFERENCE, SILENT, BOTTOM };

struct world {
    wasm_store_t *store;
    wasm_tag_t *tag;
    wasm_instance_t *instance;
    wasm_extern_vec_t exports;
    wasm_trap_t *given; /* what the callback has returned last */
};

enum { RETURN_IT, THROW_IT, TRAP_IT, PASS_IT, THROW_NOTHING, THROW_ANOTHERS, LOSE_IT };

static wasm_store_t *abroad;

static wasm_tag_t *new_tag(wasm_store_t *store, wasm_valtype_t *first, wasm_valtype_t *second) {
    wasm_tagtype_t *type = wasm_tagtype_new(wasm_functype_new_2_0(first, second));
    wasm_tag_t *made = wasm_tag_new(store, type);
    wasm_tagtype_delete(type);
    return made;
}

static wasm_tag_t *new_host_tag(wasm_store_t *store) {
    return new_tag(store, wasm_valtype_new_i32(), wasm_valtype_new_externref());
}

static fusee_exn_t *new_exn(wasm_store_t *store, const wasm_tag_t *tag, int32_t number, wasm_ref_t *ref) {
    wasm_val_t value[] = {WASM_I32_VAL(number), WASM_REF_VAL(ref)};
    wasm_val_vec_t values = WASM_ARRAY_VEC(value);
    return fusee_exn_new(store, tag, &values);
}

static wasm_trap_t *call(const struct world *w, size_t index, wasm_val_t value, size_t count, wasm_val_t *out) {
    wasm_val_t arg[] = {value, WASM_INIT_VAL};
    wasm_val_vec_t args = {count, arg}, results = {1, out};
    return wasm_func_call(index < w->exports.size ? wasm_extern_as_func(w->exports.data[index]) : NULL, &args, &results);
}

static wasm_trap_t *call_number(const struct world *w, size_t index, int32_t number, wasm_val_t *out) {
    wasm_val_t value = WASM_I32_VAL(number);
    return call(w, index, value, index == THROW ? 2 : index == SILENT ? 0 : 1, out);
}

static wasm_trap_t *act(struct world *w, int32_t what, wasm_val_t *out) {
    wasm_foreign_t *foreign = wasm_foreign_new(w->store);
    wasm_trap_t *trap = NULL;
    wasm_val_t ignored;
    if (what == RETURN_IT) out->of.i32 = 5;
    if (what == THROW_IT) trap = fusee_exn_throw(w->store, new_exn(w->store, w->tag, 42, wasm_foreign_as_ref(foreign)));
    if (what == TRAP_IT) trap = wasm_trap_new(w->store, NULL);
    if (what == PASS_IT || what == LOSE_IT) trap = call_number(w, THROW, 7, &ignored);
    if (what == THROW_NOTHING) trap = fusee_exn_throw(w->store, NULL);
    if (what == THROW_ANOTHERS) trap = fusee_exn_throw(abroad, new_exn(abroad, w->tag, 1, NULL));
    wasm_foreign_delete(foreign);
    if (what == LOSE_IT) {
        wasm_trap_delete(trap);
        return wasm_trap_new(w->store, NULL);
    }
    wasm_trap_delete(w->given);
    w->given = wasm_trap_copy(trap);
    return trap;
}

static wasm_trap_t *answer(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    return act(env, args->data[0].of.i32, &results->data[0]);
}

static bool open_world(struct world *w, wasm_engine_t *engine) {
    wasm_byte_vec_t binary = {sizeof EXCEPTIONS, (wasm_byte_t *)EXCEPTIONS};
    w->given = NULL;
    w->store = wasm_store_new(engine);
    w->tag = new_host_tag(w->store);
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t *func = wasm_func_new_with_env(w->store, type, answer, w, NULL);
    wasm_functype_delete(type);
    wasm_module_t *module = wasm_module_new(w->store, &binary);
    wasm_extern_t *given[] = {wasm_tag_as_extern(w->tag), wasm_func_as_extern(func)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given);
    w->instance = wasm_instance_new(w->store, module, &imports, NULL);
    wasm_instance_exports(w->instance, &w->exports);
    wasm_func_delete(func);
    wasm_module_delete(module);
    return w->exports.size == BOTTOM + 1;
}

static void close_world(struct world *w) {
    wasm_trap_delete(w->given);
    wasm_extern_vec_delete(&w->exports);
    wasm_instance_delete(w->instance);
    wasm_tag_delete(w->tag);
    wasm_store_delete(w->store);
}

/* --- Tags --- */

static bool is_host_type(const wasm_tagtype_t *type) {
    const wasm_functype_t *function = wasm_tagtype_functype(type);
    const wasm_valtype_vec_t *params = wasm_functype_params(function);
    return params != NULL && params->size == 2 && wasm_functype_results(function)->size == 0 &&
        wasm_valtype_kind(params->data[0]) == WASM_I32 && wasm_valtype_kind(params->data[1]) == WASM_EXTERNREF;
}

static void tag_types(wasm_engine_t *engine) {
    wasm_functype_t *wrong = wasm_functype_new_0_1(wasm_valtype_new_i32());
    check(wasm_tagtype_new(wrong) == NULL && wasm_tagtype_new(NULL) == NULL, "a tag gives no results");
    wasm_tagtype_t *type = wasm_tagtype_new(wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_externref()));
    wasm_externtype_t *external = wasm_tagtype_as_externtype(type);
    check(wasm_externtype_kind(external) == WASM_EXTERN_TAG && wasm_externtype_as_tagtype(external) == type, "its kind");
    check(wasm_externtype_as_functype(external) == NULL && is_host_type(type), "it is no function's type, but has one");
    wasm_tagtype_t *list[] = {type, wasm_tagtype_copy(type)};
    wasm_tagtype_vec_t types, copies;
    wasm_tagtype_vec_new(&types, 2, list);
    wasm_tagtype_vec_copy(&copies, &types);
    wasm_tagtype_vec_delete(&types);
    check(copies.size == 2 && is_host_type(copies.data[0]) && is_host_type(copies.data[1]), "copies of tags' types");
    wasm_tagtype_vec_delete(&copies);
    wasm_store_t *store = wasm_store_new(engine);
    wasm_byte_vec_t binary = {sizeof EXCEPTIONS, (wasm_byte_t *)EXCEPTIONS};
    wasm_module_t *module = wasm_module_new(store, &binary);
    wasm_importtype_vec_t imports;
    wasm_exporttype_vec_t exports;
    wasm_module_imports(module, &imports);
    wasm_module_exports(module, &exports);
    check(imports.size == 2 && exports.size == BOTTOM + 1, "what a module has");
    check(is_host_type(wasm_externtype_as_tagtype_const(wasm_importtype_type(imports.data[0]))), "imports a tag");
    const wasm_externtype_t *beat = wasm_exporttype_type(exports.data[BEAT]);
    check(wasm_externtype_kind(beat) == WASM_EXTERN_TAG, "exports a tag");
    const wasm_functype_t *function = wasm_tagtype_functype(wasm_externtype_as_tagtype_const(beat));
    check(wasm_valtype_kind(wasm_functype_params(function)->data[4]) == WASM_V128, "of six values");
    wasm_importtype_vec_delete(&imports);
    wasm_exporttype_vec_delete(&exports);
    wasm_module_delete(module);
    wasm_store_delete(store);
}

static void tags(wasm_engine_t *engine) {
    static int ended;
    struct world w;
    check(open_world(&w, engine), "a world");
    wasm_tag_t *beat = wasm_extern_as_tag(w.exports.data[BEAT]), *copy = wasm_tag_copy(beat);
    check(wasm_extern_kind(w.exports.data[BEAT]) == WASM_EXTERN_TAG && beat != NULL, "an export is a tag");
    check(wasm_extern_as_tag(w.exports.data[KEPT]) == NULL && wasm_extern_as_func(w.exports.data[BEAT]) == NULL, "kinds");
    check(wasm_tag_same(beat, copy) && !wasm_tag_same(beat, w.tag), "a tag is itself");
    wasm_tag_t *twin = new_host_tag(w.store);
    check(!wasm_tag_same(twin, w.tag) && wasm_ref_as_tag(wasm_tag_as_ref(twin)) == twin, "and no other of its type");
    wasm_tag_set_host_info_with_finalizer(beat, &ended, count);
    check(wasm_tag_get_host_info(copy) == &ended && wasm_tag_get_host_info(twin) == NULL, "host info is the tag's");
    wasm_tagtype_t *type = wasm_tag_type(w.tag);
    wasm_externtype_t *external = wasm_extern_type(w.exports.data[BEAT]);
    check(is_host_type(type) && wasm_externtype_as_tagtype(external) != NULL, "types of tags");
    wasm_tagtype_delete(type);
    wasm_externtype_delete(external);
    wasm_tag_delete(copy);
    wasm_tag_delete(twin);
    close_world(&w);
    check(ended == 1, "a tag ends with its store");
}

static void wrong_tags(wasm_engine_t *engine) {
    wasm_store_t *store = wasm_store_new(engine);
    wasm_limits_t limits = {1, 1};
    wasm_memorytype_t *memory = wasm_memorytype_new(&limits);
    check(wasm_tag_new(store, NULL) == NULL && wasm_tag_new(NULL, NULL) == NULL, "no type");
    check(wasm_tag_new(store, (wasm_tagtype_t *)memory) == NULL, "a memory's");
    wasm_memorytype_delete(memory);
    check(wasm_tag_type(NULL) == NULL && wasm_tagtype_functype(NULL) == NULL && wasm_tag_copy(NULL) == NULL, "no tag");
    check(new_exn(store, NULL, 1, NULL) == NULL && fusee_exn_tag(NULL) == NULL, "nor an exception of none");
    check(wasm_tag_as_extern(NULL) == NULL && wasm_extern_as_tag(NULL) == NULL, "nor an extern");
    wasm_byte_vec_t binary = {sizeof EXCEPTIONS, (wasm_byte_t *)EXCEPTIONS};
    wasm_module_t *module = wasm_module_new(store, &binary);
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t *func = wasm_func_new_with_env(store, type, answer, NULL, NULL);
    wasm_tag_t *wrong = new_tag(store, wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_extern_t *all[] = {wasm_tag_as_extern(wrong), wasm_func_as_extern(func), NULL};
    for (int i = 0; i < 3; i++) {
        wasm_extern_t *given[] = {all[i], wasm_func_as_extern(func)};
        wasm_extern_vec_t imports = WASM_ARRAY_VEC(given);
        wasm_trap_t *trap = NULL;
        check(wasm_instance_new(store, module, &imports, &trap) == NULL && trap != NULL, "an import of another type");
        check(i != 0 || says(trap, "incompatible import type"), "is not taken");
        wasm_trap_delete(trap);
    }
    wasm_tag_delete(wrong);
    wasm_func_delete(func);
    wasm_functype_delete(type);
    wasm_module_delete(module);
    wasm_store_delete(store);
}

/* --- What nobody catches --- */

static void fields(const fusee_exn_t *exn) {
    wasm_val_t value;
    check(fusee_exn_field_count(exn) == 6, "six values");
    check(fusee_exn_field(exn, 0, &value) && value.kind == WASM_I32 && value.of.i32 == 7, "i32");
    check(fusee_exn_field(exn, 1, &value) && value.of.i64 == INT64_MIN, "i64");
    check(fusee_exn_field(exn, 2, &value) && value.kind == WASM_F32 && value.of.i32 == 0x3FC00000, "f32");
    check(fusee_exn_field(exn, 3, &value) && value.of.i64 == (int64_t)0xC004000000000000, "f64");
    check(fusee_exn_field(exn, 4, &value) && value.kind == WASM_V128 && value.of.v128->bytes[8] == 1, "v128");
    wasm_val_delete(&value);
    check(fusee_exn_field(exn, 5, &value) && value.kind == WASM_EXTERNREF && value.of.ref == NULL, "null");
    check(!fusee_exn_field(exn, 6, &value) && !fusee_exn_field(exn, SIZE_MAX, &value), "no more");
    check(value.kind == WASM_EXTERNREF && value.of.ref == NULL && !fusee_exn_field(exn, 0, NULL), "nothing is given then");
}

static void uncaught(wasm_engine_t *engine) {
    struct world w;
    wasm_val_t out;
    check(open_world(&w, engine), "a world");
    wasm_trap_t *trap = call_number(&w, THROW, 7, &out);
    check(says(trap, "uncaught exception: beat (7, -9223372036854775808, 0x1.8p+0, -0x1.4p+1, "
                     "0x00000000000000010000000000000002, null)"), "an exception in words");
    wasm_frame_vec_t frames;
    wasm_trap_trace(trap, &frames);
    check(frames.size == 1 && wasm_frame_func_index(frames.data[0]) == 1, "and where it was thrown");
    wasm_frame_vec_delete(&frames);
    fusee_exn_t *exn = fusee_trap_exn(trap), *same = fusee_trap_exn(trap);
    wasm_tag_t *tag = fusee_exn_tag(exn);
    check(wasm_tag_same(tag, wasm_extern_as_tag(w.exports.data[BEAT])), "its tag is the guest's");
    check(exn != same && fusee_exn_same(exn, same), "two handles of one exception");
    wasm_tag_delete(tag);
    fusee_exn_delete(same);
    wasm_trap_delete(trap);
    fields(exn);
    trap = call_number(&w, SILENT, 0, &out);
    check(says(trap, "uncaught exception: mute ()"), "a tag that only the custom section names");
    wasm_trap_delete(trap);
    wasm_val_t number = WASM_I32_VAL(0);
    trap = call(&w, BOTTOM, number, 1, &out);
    check(trap != NULL && fusee_trap_exn(trap) == NULL, "a trap is no exception");
    wasm_trap_delete(trap);
    check(fusee_trap_exn(NULL) == NULL, "nor is nothing");
    close_world(&w);
    fields(exn);
    fusee_exn_delete(exn);
}

/* --- Through the host --- */

static void thrown_by_the_host(wasm_engine_t *engine) {
    struct world w;
    wasm_val_t out;
    abroad = wasm_store_new(engine);
    check(open_world(&w, engine), "a world");
    check(call_number(&w, GUARDED, RETURN_IT, &out) == NULL && out.of.i32 == 5, "the callback returns");
    for (int i = 0; i < 3; i++)
        check(call_number(&w, GUARDED, THROW_IT, &out) == NULL && out.of.i32 == 1042, "caught by its tag, with values");
    check(call_number(&w, ALL, THROW_IT, &out) == NULL && out.of.i32 == -1, "or by whatever catches all");
    check(call_number(&w, ALL, PASS_IT, &out) == NULL && out.of.i32 == -1, "as is a guest's that passes through");
    wasm_trap_t *trap = call_number(&w, PLAIN, THROW_IT, &out);
    check(says(trap, "uncaught exception: host (42, reference)"), "which no guest catches");
    check(wasm_trap_same(trap, w.given), "arrives as the callback gave it");
    wasm_trap_delete(trap);
    trap = call_number(&w, GUARDED, PASS_IT, &out);
    fusee_exn_t *exn = fusee_trap_exn(trap);
    check(wasm_trap_same(trap, w.given) && exn != NULL, "and so does a guest's of another tag");
    fields(exn);
    fusee_exn_delete(exn);
    wasm_trap_delete(trap);
    const int traps[] = {TRAP_IT, THROW_NOTHING, THROW_ANOTHERS, LOSE_IT};
    for (int i = 0; i < 4; i++) {
        trap = call_number(&w, ALL, traps[i], &out);
        check(trap != NULL && fusee_trap_exn(trap) == NULL, "what is no exception of the store's, no guest catches");
        wasm_trap_delete(trap);
    }
    trap = call_number(&w, STOPPED, THROW_IT, &out);
    check(says(trap, "unreachable") && fusee_trap_exn(trap) == NULL, "what was caught is over");
    wasm_trap_delete(trap);
    trap = call_number(&w, STOPPED, PASS_IT, &out);
    check(says(trap, "unreachable"), "also what a guest had thrown");
    wasm_trap_delete(trap);
    wasm_store_delete(abroad);
    close_world(&w);
}

/* Where there is no guest in between, and where a guest has hardly begun. */
static void at_the_edges(wasm_engine_t *engine) {
    struct world w;
    check(open_world(&w, engine), "a world");
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t *func = wasm_func_new_with_env(w.store, type, answer, &w, NULL);
    wasm_functype_delete(type);
    wasm_val_t arg[] = {WASM_I32_VAL(THROW_IT)}, out[1];
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
    wasm_trap_t *trap = wasm_func_call(func, &args, &results);
    check(wasm_trap_same(trap, w.given) && says(trap, "uncaught exception: host (42, reference)"), "called by the host");
    wasm_trap_delete(trap);
    arg[0].of.i32 = PASS_IT;
    trap = wasm_func_call(func, &args, &results);
    fusee_exn_t *exn = fusee_trap_exn(trap);
    fields(exn);
    fusee_exn_delete(exn);
    wasm_trap_delete(trap);
    wasm_func_delete(func);
    wasm_byte_vec_t binary = {sizeof STARTING, (wasm_byte_t *)STARTING};
    wasm_module_t *module = wasm_module_new(w.store, &binary);
    check(wasm_instance_new(w.store, module, NULL, &trap) == NULL, "thrown when an instance starts");
    check(says(trap, "uncaught exception: early (6)"), "which is then not made");
    exn = fusee_trap_exn(trap);
    check(fusee_exn_field(exn, 0, out) && out[0].of.i32 == 6, "and says why");
    fusee_exn_delete(exn);
    wasm_trap_delete(trap);
    wasm_module_delete(module);
    close_world(&w);
}

static void wrong_exceptions(wasm_engine_t *engine) {
    struct world w, x;
    check(open_world(&w, engine) && open_world(&x, engine), "two worlds");
    wasm_val_t value[] = {WASM_I32_VAL(1), WASM_I32_VAL(2)};
    wasm_val_vec_t values = WASM_ARRAY_VEC(value), one = {1, value};
    check(fusee_exn_new(w.store, w.tag, &values) == NULL && fusee_exn_new(w.store, w.tag, &one) == NULL, "other values");
    check(fusee_exn_new(w.store, w.tag, NULL) == NULL && fusee_exn_new(NULL, w.tag, &one) == NULL, "none");
    check(new_exn(x.store, w.tag, 1, NULL) == NULL && new_exn(w.store, (wasm_tag_t *)w.exports.data[KEPT], 1, NULL) == NULL,
        "another store's tag, or what is none");
    wasm_trap_t *trap = fusee_exn_throw(w.store, NULL);
    check(says(trap, "an argument is NULL, or not of the kind that it should be"), "what could not be made is not thrown");
    wasm_trap_delete(trap);
    trap = fusee_exn_throw(x.store, new_exn(w.store, w.tag, 1, NULL));
    check(trap != NULL && fusee_trap_exn(trap) == NULL, "nor what is another store's");
    wasm_trap_delete(trap);
    trap = fusee_exn_throw(NULL, new_exn(w.store, w.tag, 1, NULL));
    check(trap != NULL && fusee_trap_exn(trap) == NULL, "nor without a store");
    wasm_trap_delete(trap);
    check(fusee_exn_field_count(NULL) == 0 && fusee_exn_copy(NULL) == NULL && fusee_ref_as_exn(NULL) == NULL, "no exception");
    fusee_exn_delete(NULL);
    close_world(&x);
    close_world(&w);
}

/* --- References --- */

static void references(wasm_engine_t *engine) {
    struct world w;
    wasm_val_t out, nothing = {.kind = WASM_EXNREF, .of = {.ref = NULL}}, held;
    check(open_world(&w, engine), "a world");
    check(call_number(&w, REFERENCE, 9, &out) == NULL && out.kind == WASM_EXNREF, "a guest gives a reference");
    fusee_exn_t *exn = fusee_ref_as_exn(out.of.ref);
    check(exn != NULL && fusee_exn_as_ref(exn) == out.of.ref && wasm_ref_as_foreign(out.of.ref) == NULL, "to an exception");
    wasm_global_t *kept = wasm_extern_as_global(w.exports.data[KEPT]);
    wasm_global_get(kept, &held);
    check(held.kind == WASM_EXNREF && wasm_ref_same(held.of.ref, out.of.ref), "which a global has, too");
    wasm_val_t result;
    check(call(&w, AGAIN, held, 1, &result) == NULL && result.of.i32 == 9, "the guest throws it again");
    wasm_trap_t *trap = call(&w, AGAIN, nothing, 1, &result);
    check(trap != NULL && fusee_trap_exn(trap) == NULL, "but not null");
    wasm_trap_delete(trap);
    wasm_foreign_t *foreign = wasm_foreign_new(w.store);
    wasm_val_t stranger = {.kind = WASM_EXNREF, .of = {.ref = wasm_foreign_as_ref(foreign)}};
    trap = call(&w, AGAIN, stranger, 1, &result);
    check(trap != NULL, "nor what is no exception");
    wasm_trap_delete(trap);
    stranger.kind = WASM_EXTERNREF;
    trap = call(&w, BOTTOM, stranger, 1, &result);
    check(trap != NULL, "null is all that there is of the lowest type");
    wasm_trap_delete(trap);
    check(new_exn(w.store, w.tag, 1, held.of.ref) == NULL, "an exception is no externref");
    wasm_ref_set_host_info(held.of.ref, &w);
    check(wasm_ref_get_host_info(held.of.ref) == NULL, "and has no host info");
    wasm_global_set(kept, &nothing);
    wasm_val_delete(&held);
    wasm_val_delete(&out);
    wasm_foreign_delete(foreign);
    close_world(&w);
}

static void holding(wasm_engine_t *engine) {
    static int ended;
    struct world w;
    wasm_val_t out;
    check(open_world(&w, engine), "a world");
    wasm_foreign_t *foreign = wasm_foreign_new(w.store);
    wasm_foreign_set_host_info_with_finalizer(foreign, &ended, count);
    fusee_exn_t *exn = new_exn(w.store, w.tag, 3, wasm_foreign_as_ref(foreign));
    wasm_foreign_delete(foreign);
    for (int i = 0; i < CROWD; i++) wasm_foreign_delete(wasm_foreign_new(w.store));
    check(fusee_exn_field(exn, 1, &out) && wasm_ref_get_host_info(out.of.ref) == &ended && ended == 0, "an exception holds");
    wasm_val_delete(&out);
    long before = live_blocks();
    for (int i = 0; i < MANY; i++) {
        wasm_trap_t *trap = call_number(&w, THROW, i, &out);
        if (i == MANY - 1) check(trap != NULL, "as many exceptions as one likes");
        wasm_trap_delete(trap);
    }
    check(live_blocks() < before + MANY / 2, "of which most are given back");
    check(fusee_exn_field(exn, 0, &out) && out.of.i32 == 3, "but not one that has a handle");
    fusee_exn_delete(exn);
    close_world(&w);
    check(ended == 1, "what it has held ends once");
}

/* --- No memory, at every place in turn --- */

static void live(wasm_engine_t *engine) {
    struct world w;
    wasm_val_t out;
    if (open_world(&w, engine)) {
        const int calls[][2] = {{GUARDED, THROW_IT}, {PLAIN, THROW_IT}, {ALL, PASS_IT}, {PLAIN, PASS_IT}};
        for (int i = 0; i < 4; i++) {
            wasm_trap_t *trap = call_number(&w, (size_t)calls[i][0], calls[i][1], &out);
            fusee_exn_t *exn = fusee_trap_exn(trap);
            wasm_message_t message;
            wasm_trap_message(trap, &message);
            wasm_byte_vec_delete(&message);
            for (size_t k = 0; k < fusee_exn_field_count(exn); k++) {
                fusee_exn_field(exn, k, &out);
                wasm_val_delete(&out);
            }
            wasm_tag_delete(fusee_exn_tag(exn));
            fusee_exn_delete(exn);
            wasm_trap_delete(trap);
        }
    }
    close_world(&w);
}

int throw_and_catch(void) {
    live_without_memory(live, 100);
    wasm_engine_t *engine = fusee_engine_new(platform());
    tag_types(engine);
    tags(engine);
    wrong_tags(engine);
    uncaught(engine);
    thrown_by_the_host(engine);
    at_the_edges(engine);
    wrong_exceptions(engine);
    references(engine);
    holding(engine);
    wasm_engine_delete(engine);
    return failures;
}
