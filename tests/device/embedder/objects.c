/* Objects of guests in C: made on both sides, read, changed, kept, given back, and those that are wrong. */

#include "check.h"
#include "guests.h"

enum { POINT, NAMED, SHORTS, POINTS, MIXED, NO_OBJECT }; /* types */
enum { KEPT, PLACES, MAKE, SUM, THROUGH, OUTSIDE, INSIDE, LENGTH, NUMBER, LITTER };
enum { CROWD = 3000, LARGE = 200, SMALL_HEAP = 1 << 18 };

struct world {
    wasm_store_t *store;
    wasm_instance_t *instance;
    wasm_extern_vec_t exports;
};

static bool says(const wasm_store_t *store, const char *text) {
    wasm_message_t message;
    size_t size = 0;
    fusee_store_error(store, &message);
    while (text[size] && size < message.size && message.data[size] == text[size]) size++;
    bool is_so = text[size] == 0 && message.size == size + 1;
    wasm_byte_vec_delete(&message);
    return is_so;
}

static wasm_val_t value_of(fusee_any_t *any) {
    wasm_val_t made = {.kind = FUSEE_ANYREF, .of.ref = fusee_any_as_ref(any)};
    return made;
}

static fusee_any_t *any_in(const wasm_val_t *value) {
    return value->kind < WASM_EXTERNREF ? NULL : fusee_ref_as_any(value->of.ref);
}

/* --- A world: its import gives back what it is given --- */

static wasm_trap_t *pass(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

static bool open_world(struct world *w, wasm_engine_t *engine) {
    wasm_byte_vec_t binary = {sizeof OBJECTS, (wasm_byte_t *)OBJECTS};
    w->store = wasm_store_new(engine);
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new(FUSEE_ANYREF), wasm_valtype_new(FUSEE_ANYREF));
    wasm_func_t *func = wasm_func_new(w->store, type, pass);
    wasm_functype_delete(type);
    wasm_module_t *module = wasm_module_new(w->store, &binary);
    wasm_extern_t *given[] = {wasm_func_as_extern(func)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given);
    w->instance = wasm_instance_new(w->store, module, &imports, NULL);
    wasm_instance_exports(w->instance, &w->exports);
    wasm_func_delete(func);
    wasm_module_delete(module);
    return w->exports.size == LITTER + 1;
}

static void close_world(struct world *w) {
    wasm_extern_vec_delete(&w->exports);
    wasm_instance_delete(w->instance);
    wasm_store_delete(w->store);
}

/* True if the call has returned. */
static bool call(const struct world *w, size_t index, wasm_val_t value, wasm_val_t *out) {
    wasm_val_t arg[] = {value};
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = {index == LITTER ? 0 : 1, out};
    out->kind = WASM_I32;
    out->of.i32 = -1;
    wasm_trap_t *trap =
        wasm_func_call(index < w->exports.size ? wasm_extern_as_func(w->exports.data[index]) : NULL, &args, &results);
    bool has_returned = trap == NULL;
    wasm_trap_delete(trap);
    return has_returned;
}

static int32_t number(const struct world *w, size_t index, wasm_val_t value) {
    wasm_val_t out;
    return call(w, index, value, &out) && out.kind == WASM_I32 ? out.of.i32 : -1000;
}

static fusee_any_t *make(const struct world *w, int32_t x) {
    wasm_val_t out, value = WASM_I32_VAL(x);
    return call(w, MAKE, value, &out) ? any_in(&out) : NULL;
}

static int32_t field(const fusee_any_t *any, size_t index) {
    wasm_val_t out;
    return fusee_object_get(any, index, &out) && out.kind == WASM_I32 ? out.of.i32 : -1000;
}

static fusee_type_t type_of(const struct world *w, uint32_t index) { return fusee_instance_type(w->instance, index); }

/* --- Types --- */

static void types(const struct world *w) {
    fusee_type_t point = type_of(w, POINT), named = type_of(w, NAMED), shorts = type_of(w, SHORTS);
    fusee_field_t f;
    check(fusee_type_kind(w->store, named) == FUSEE_STRUCT && fusee_type_kind(w->store, shorts) == FUSEE_ARRAY, "kinds");
    check(fusee_type_size(w->store, named) == 4 && fusee_type_size(w->store, shorts) == 1, "how many fields");
    check(fusee_type_field(w->store, named, 0, &f) && f.kind == WASM_I32 && f.is_mutable, "a number");
    check(fusee_type_field(w->store, named, 1, &f) && f.kind == FUSEE_I8 && f.type == FUSEE_NO_TYPE, "a small one");
    check(fusee_type_field(w->store, named, 2, &f) && f.kind == WASM_I64 && !f.is_mutable, "one that stays");
    check(fusee_type_field(w->store, named, 3, &f) && f.kind == FUSEE_ANYREF && f.type == FUSEE_NO_TYPE, "any reference");
    check(fusee_type_field(w->store, type_of(w, POINTS), 0, &f) && f.kind == FUSEE_ANYREF && f.type == point, "to points");
    check(fusee_type_field(w->store, shorts, 0, &f) && f.kind == FUSEE_I16, "elements");
    check(!fusee_type_field(w->store, named, 4, &f) && !fusee_type_field(w->store, shorts, 1, &f), "no more fields");
    check(fusee_type_is_subtype(w->store, named, point) && fusee_type_is_subtype(w->store, point, point), "subtypes");
    check(!fusee_type_is_subtype(w->store, point, named) && !fusee_type_is_subtype(w->store, shorts, point), "none");
    check(type_of(w, NO_OBJECT) == FUSEE_NO_TYPE && type_of(w, 1000) == FUSEE_NO_TYPE, "of functions, and none");
    check(fusee_instance_type(NULL, 0) == FUSEE_NO_TYPE && fusee_type_size(NULL, 0) == 0, "NULL");
    check(fusee_type_kind(w->store, FUSEE_NO_TYPE) == 0xff && !fusee_type_field(w->store, 12345, 0, &f), "no type");
    wasm_functype_t *function = wasm_func_type(wasm_extern_as_func(w->exports.data[SUM]));
    const wasm_valtype_vec_t *params = wasm_functype_params(function);
    check(params && params->size == 1 && wasm_valtype_kind(params->data[0]) == FUSEE_ANYREF, "the kind of parameters");
    wasm_functype_delete(function);
}

/* --- What guests have made --- */

static void guests_objects(const struct world *w) {
    fusee_any_t *any = make(w, 7);
    wasm_val_t out, seven = WASM_I32_VAL(300), wide = WASM_I64_VAL(5), self = value_of(any);
    check(fusee_any_kind(any) == FUSEE_STRUCT && fusee_any_type(any) == type_of(w, NAMED), "its type");
    check(fusee_object_size(any) == 4 && field(any, 0) == 7 && field(any, 1) == 0xf0, "its fields");
    check(fusee_object_get(any, 2, &out) && out.kind == WASM_I64 && out.of.i64 == -7, "a wide one");
    check(fusee_object_get(any, 3, &out) && out.kind == FUSEE_ANYREF && out.of.ref == NULL, "null");
    check(!fusee_object_get(any, 4, &out) && !fusee_object_set(any, 4, &seven), "beyond the end");
    check(fusee_object_set(any, 0, &seven) && fusee_object_set(any, 1, &seven), "numbers can be set");
    check(field(any, 0) == 300 && field(any, 1) == 44, "and are cut to size");
    check(number(w, SUM, self) == 344, "which the guest sees");
    check(!fusee_object_set(any, 2, &wide) && !fusee_object_set(any, 0, &wide), "immutable, and of another type");
    check(says(w->store, "a value is not of the expected type, or belongs to another store"), "it says why");
    check(!fusee_object_set(any, 0, &self) && !fusee_object_set(any, 0, NULL), "nor a reference, nor none");
    check(fusee_object_set(any, 3, &self) && fusee_object_get(any, 3, &out), "a cycle");
    check(fusee_any_same(any, any_in(&out)) && any != any_in(&out), "is the same object by another handle");
    wasm_val_delete(&out);
    fusee_any_t *copy = fusee_any_copy(any), *other = make(w, 300);
    fusee_any_delete(any);
    wasm_val_t crowd = WASM_I32_VAL(CROWD);
    call(w, LITTER, crowd, &out);
    while (!fusee_store_collect(w->store, UINT64_MAX)) {}
    call(w, LITTER, crowd, &out);
    check(field(copy, 0) == 300 && !fusee_any_same(copy, other) && !fusee_any_same(copy, NULL), "a handle keeps it");
    check(wasm_ref_get_host_info(fusee_any_as_ref(copy)) == NULL, "without host info");
    check(wasm_ref_as_func(fusee_any_as_ref(copy)) == NULL, "it is nothing else");
    fusee_any_delete(copy);
    fusee_any_delete(other);
}

static void numbers(const struct world *w) {
    fusee_any_t *least = fusee_i31_new(w->store, -5), *cut = fusee_i31_new(w->store, 0x40000001);
    fusee_any_t *again = fusee_i31_new(w->store, -5), *object = make(w, 1);
    check(fusee_any_kind(least) == FUSEE_I31 && fusee_any_type(least) == FUSEE_NO_TYPE, "a number");
    check(fusee_i31_get(least) == -5 && fusee_i31_get(cut) == 0x40000001 - (int32_t)0x7fffffff - 1, "with its sign");
    check(fusee_any_same(least, again) && !fusee_any_same(least, cut), "equal if the numbers are");
    check(number(w, NUMBER, value_of(least)) == -5 && number(w, NUMBER, value_of(object)) == -1000, "for guests");
    check(fusee_i31_get(object) == 0 && fusee_object_size(least) == 0, "neither is the other");
    check(fusee_any_kind(NULL) == 0xff && fusee_i31_new(NULL, 1) == NULL && fusee_object_size(NULL) == 0, "NULL");
    fusee_any_delete(least);
    fusee_any_delete(cut);
    fusee_any_delete(again);
    fusee_any_delete(object);
}

/* --- What the host makes --- */

static void structures(const struct world *w) {
    wasm_val_t given[] = {WASM_I32_VAL(40), WASM_I32_VAL(2), WASM_I64_VAL(9)}, out;
    wasm_val_vec_t three = WASM_ARRAY_VEC(given), two = {2, given};
    fusee_type_t type = type_of(w, POINT);
    fusee_any_t *point = fusee_object_new(w->store, type, &three);
    check(fusee_any_type(point) == type && number(w, SUM, value_of(point)) == 42, "the guest takes it");
    check(fusee_object_get(point, 2, &out) && out.of.i64 == 9, "immutable fields, too");
    check(fusee_object_new(w->store, type, &two) == NULL, "too few");
    check(says(w->store, "the wrong number of arguments or results"), "which it says");
    given[1].kind = WASM_F32;
    check(fusee_object_new(w->store, type, &three) == NULL, "of another type");
    fusee_any_t *empty = fusee_object_new(w->store, type, NULL);
    check(number(w, SUM, value_of(empty)) == 0, "of zeros");
    check(fusee_object_new(w->store, type_of(w, MIXED), NULL) == NULL, "what must not be null has no default");
    check(fusee_object_new(w->store, FUSEE_NO_TYPE, NULL) == NULL && fusee_object_new(NULL, type, NULL) == NULL, "of none");
    wasm_v128_t bytes = {{3}};
    wasm_foreign_t *foreign = wasm_foreign_new(w->store);
    wasm_val_t mixed[] = {{.kind = WASM_V128, .of.v128 = &bytes}, value_of(point),
        {.kind = WASM_FUNCREF, .of.ref = wasm_extern_as_ref(w->exports.data[SUM])}, WASM_REF_VAL(wasm_foreign_as_ref(foreign))};
    wasm_val_vec_t four = WASM_ARRAY_VEC(mixed);
    fusee_any_t *all = fusee_object_new(w->store, type_of(w, MIXED), &four);
    check(fusee_object_get(all, 0, &out) && out.kind == WASM_V128 && out.of.v128->bytes[0] == 3, "a vector");
    wasm_val_delete(&out);
    check(fusee_object_get(all, 1, &out) && fusee_any_same(any_in(&out), point), "a point");
    wasm_val_delete(&out);
    check(fusee_object_get(all, 2, &out) && wasm_ref_as_func(out.of.ref) != NULL, "a function");
    wasm_val_delete(&out);
    check(fusee_object_get(all, 3, &out) && wasm_ref_same(out.of.ref, wasm_foreign_as_ref(foreign)), "the host's own");
    wasm_val_delete(&out);
    mixed[1].of.ref = NULL;
    check(fusee_object_new(w->store, type_of(w, MIXED), &four) == NULL, "a null where none may be");
    wasm_foreign_delete(foreign);
    fusee_any_delete(point);
    fusee_any_delete(empty);
    fusee_any_delete(all);
}

static void arrays(const struct world *w) {
    wasm_val_t given[] = {WASM_I32_VAL(1), WASM_I32_VAL(0x12345), WASM_I32_VAL(-1)};
    wasm_val_vec_t three = WASM_ARRAY_VEC(given), none = WASM_EMPTY_VEC;
    fusee_type_t shorts = type_of(w, SHORTS), points = type_of(w, POINTS);
    fusee_any_t *made = fusee_object_new(w->store, shorts, &three), *empty = fusee_object_new(w->store, shorts, &none);
    check(fusee_any_kind(made) == FUSEE_ARRAY && fusee_object_size(made) == 3 && field(made, 1) == 0x2345, "elements");
    check(field(made, 2) == 0xffff && number(w, LENGTH, value_of(made)) == 3, "which the guest counts");
    check(fusee_object_size(empty) == 0 && field(empty, 0) == -1000 && empty != NULL, "or none");
    fusee_any_t *many = fusee_array_new(w->store, shorts, CROWD, &given[2]), *zero = fusee_array_new(w->store, shorts, 5, NULL);
    check(fusee_object_size(many) == CROWD && field(many, 0) == 0xffff && field(many, CROWD - 1) == 0xffff, "all the same");
    check(field(many, CROWD) == -1000 && !fusee_object_set(many, CROWD, &given[0]), "up to the end");
    check(field(zero, 4) == 0 && fusee_object_set(zero, 4, &given[0]) && field(zero, 4) == 1, "zeros, and one is set");
    fusee_any_t *point = make(w, 6);
    wasm_val_t both[] = {value_of(point), value_of(NULL)};
    wasm_val_vec_t two = WASM_ARRAY_VEC(both);
    fusee_any_t *list = fusee_object_new(w->store, points, &two);
    wasm_val_t out, wrong = value_of(made);
    check(fusee_object_get(list, 0, &out) && fusee_any_same(any_in(&out), point), "of references");
    wasm_val_delete(&out);
    check(!fusee_object_set(list, 0, &wrong) && fusee_array_new(w->store, points, 2, &wrong) == NULL, "not of shorts");
    check(fusee_array_new(w->store, type_of(w, POINT), 2, NULL) == NULL, "no array's type");
    check(fusee_array_new(w->store, points, 0xffffffff, NULL) == NULL, "more than there is room for");
    fusee_store_set_heap_limit(w->store, SMALL_HEAP);
    check(fusee_array_new(w->store, shorts, SMALL_HEAP, NULL) == NULL, "or is allowed");
    for (int i = 0; i < CROWD; i++) fusee_any_delete(fusee_array_new(w->store, shorts, 50, NULL));
    fusee_any_t *last = fusee_array_new(w->store, shorts, 50, NULL);
    check(last != NULL, "what has no handle makes room");
    fusee_store_set_heap_limit(w->store, UINT64_MAX);
    fusee_any_t *all[] = {made, empty, many, zero, point, list, last};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) fusee_any_delete(all[i]);
}

/* --- Through guests, tables and globals --- */

static void through_guests(const struct world *w) {
    fusee_any_t *any = make(w, 8), *one = fusee_i31_new(w->store, 1);
    wasm_foreign_t *foreign = wasm_foreign_new(w->store);
    wasm_val_t out, outside, given = WASM_REF_VAL(wasm_foreign_as_ref(foreign)), null = value_of(NULL);
    check(call(w, THROUGH, value_of(any), &out) && fusee_any_same(any_in(&out), any), "through guest and host");
    wasm_val_delete(&out);
    check(call(w, THROUGH, value_of(one), &out) && fusee_any_same(any_in(&out), one), "a number");
    wasm_val_delete(&out);
    check(call(w, THROUGH, null, &out) && out.kind == FUSEE_ANYREF && out.of.ref == NULL, "null");
    check(call(w, INSIDE, given, &out) && out.kind == FUSEE_ANYREF && any_in(&out) == NULL, "what the host gave is inside");
    check(wasm_ref_same(out.of.ref, wasm_foreign_as_ref(foreign)), "and the same");
    check(call(w, OUTSIDE, out, &outside) && outside.kind == WASM_EXTERNREF, "and outside again");
    check(wasm_ref_same(outside.of.ref, wasm_foreign_as_ref(foreign)), "still");
    check(number(w, LENGTH, out) == -1000, "it is no array");
    wasm_val_delete(&out);
    wasm_val_delete(&outside);
    check(call(w, OUTSIDE, value_of(any), &out) && out.kind == WASM_EXTERNREF, "an object as an externref");
    check(fusee_any_same(any_in(&out), any) && call(w, INSIDE, out, &outside), "keeps its identity");
    check(fusee_any_same(any_in(&outside), any), "there and back");
    wasm_val_delete(&out);
    wasm_val_delete(&outside);
    wasm_foreign_delete(foreign);
    fusee_any_delete(any);
    fusee_any_delete(one);
}

static void in_places(const struct world *w) {
    fusee_any_t *any = make(w, 9), *list = fusee_array_new(w->store, type_of(w, POINTS), 1, NULL);
    wasm_global_t *kept = wasm_extern_as_global(w->exports.data[KEPT]);
    wasm_table_t *places = wasm_extern_as_table(w->exports.data[PLACES]);
    wasm_val_t out, object = value_of(any), array = value_of(list);
    wasm_global_set(kept, &object);
    wasm_global_set(kept, &array);
    check(says(w->store, "a value is not of the expected type, or belongs to another store"), "a place for structures");
    wasm_global_get(kept, &out);
    check(fusee_any_same(any_in(&out), any), "has one");
    wasm_val_delete(&out);
    check(wasm_table_set(places, 1, fusee_any_as_ref(list)) && wasm_table_set(places, 0, NULL), "a table for all");
    fusee_any_t *back = fusee_ref_as_any(wasm_table_get(places, 1));
    check(fusee_any_same(back, list) && wasm_table_grow(places, 1, fusee_any_as_ref(any)), "gives it back, and grows");
    fusee_any_delete(back);
    fusee_any_delete(any);
    fusee_any_delete(list);
}

static void strangers(const struct world *w, wasm_engine_t *engine) {
    struct world other;
    check(open_world(&other, engine), "another store");
    fusee_any_t *any = make(&other, 3), *own = make(w, 3);
    wasm_val_t value = value_of(any);
    check(number(w, SUM, value) == -1000 && !fusee_object_set(own, 3, &value), "its objects are not for this one");
    check(!wasm_table_set(wasm_extern_as_table(w->exports.data[PLACES]), 0, fusee_any_as_ref(any)), "nor in a table");
    check(!fusee_any_same(any, own), "nor the same");
    close_world(&other);
    check(field(any, 0) == 3, "a handle keeps its store");
    fusee_any_delete(any);
    fusee_any_delete(own);
}

static void live(wasm_engine_t *engine) {
    struct world w;
    if (open_world(&w, engine)) {
        wasm_val_t out, values[] = {WASM_I32_VAL(1), WASM_I32_VAL(2), WASM_I64_VAL(3)};
        wasm_val_vec_t three = WASM_ARRAY_VEC(values);
        fusee_any_t *any = make(&w, 2), *copy = fusee_any_copy(any);
        fusee_any_t *made = fusee_object_new(w.store, type_of(&w, POINT), &three);
        fusee_any_t *list = fusee_array_new(w.store, type_of(&w, POINTS), CROWD, NULL);
        if (call(&w, THROUGH, value_of(any), &out)) wasm_val_delete(&out);
        fusee_any_delete(any);
        fusee_any_delete(copy);
        fusee_any_delete(made);
        fusee_any_delete(list);
    }
    close_world(&w);
}

/* A store of many objects, cycles and exceptions among them, ends in steps, with handles of them still there. */
static void end_in_steps(wasm_engine_t *engine) {
    struct world w;
    wasm_val_t out, value = WASM_I32_VAL(CROWD);
    check(open_world(&w, engine), "a world to end");
    fusee_any_t *any = make(&w, 1), *list = fusee_array_new(w.store, type_of(&w, POINTS), CROWD, NULL);
    wasm_val_t self = value_of(any), object = value_of(list);
    check(fusee_object_set(any, 3, &self), "a cycle");
    wasm_global_set(wasm_extern_as_global(w.exports.data[KEPT]), &self);
    for (size_t i = 0; i < CROWD; i++) {
        fusee_any_t *point = make(&w, (int32_t)i);
        wasm_val_t element = value_of(point);
        fusee_object_set(list, i, &element);
        fusee_any_delete(point);
    }
    fusee_any_t *large[LARGE];
    for (int i = 0; i < LARGE; i++) large[i] = fusee_array_new(w.store, type_of(&w, SHORTS), 5000, NULL);
    long steps = 0;
    while (!fusee_store_end(w.store, 0)) steps++;
    check(steps > 1 && fusee_store_end(w.store, 0), "it takes some steps");
    check(!call(&w, SUM, self, &out) && !call(&w, LITTER, value, &out), "nothing runs any more");
    check(fusee_any_kind(any) != FUSEE_STRUCT && fusee_object_size(list) == 0, "objects are none");
    check(!fusee_object_set(any, 3, &object) && fusee_any_type(any) == FUSEE_NO_TYPE, "and cannot be changed");
    wasm_global_get(wasm_extern_as_global(w.exports.data[KEPT]), &out);
    check(out.of.ref == NULL && type_of(&w, POINT) == FUSEE_NO_TYPE, "what referred to them refers to nothing");
    check(fusee_store_end(NULL, 0), "NULL has nothing");
    close_world(&w);
    for (int i = 0; i < LARGE; i++) fusee_any_delete(large[i]);
    fusee_any_delete(any);
    fusee_any_delete(list);
}

int have_objects(void) {
    struct world w;
    long before = live_blocks();
    wasm_engine_t *engine = fusee_engine_new(platform());
    check(open_world(&w, engine), "a world of objects");
    types(&w);
    guests_objects(&w);
    numbers(&w);
    structures(&w);
    arrays(&w);
    through_guests(&w);
    in_places(&w);
    strangers(&w, engine);
    close_world(&w);
    end_in_steps(engine);
    wasm_engine_delete(engine);
    check(live_blocks() == before, "all is gone");
    live_without_memory(live, 20);
    return failures;
}
