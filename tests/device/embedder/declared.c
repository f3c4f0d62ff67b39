/* Types that modules declare, in C: what is made of one is of just that type, whatever its group and its supertypes. */

#include "check.h"
#include "guests.h"

enum { PLAIN, OPEN, NARROW, ALONE, SWAP, SELF, NAMED, KEEP, EQUAL }; /* imports: functions */
enum { NUMBER = EQUAL + 1, FIRST, SECOND, CARRIER };                 /* tags */
enum { ANY_FUNC = CARRIER + 1, OPEN_FUNC, CONSTANT, VARIABLE, PAIR };
enum { FUNCS = PAIR + 1, OPENS, WIDE_TABLE, MEMORY, WIDE_MEMORY, IMPORTS };
enum { THROUGH_SWAP, THROUGH_KEEP, TWICE, OTHER, MADE, GIVEN, EXPORTS };

struct world {
    wasm_store_t *store;
    wasm_module_t *module;
    wasm_extern_t *given[IMPORTS];
};

static wasm_module_t *load(wasm_store_t *store) {
    wasm_byte_vec_t binary = {sizeof DECLARED, (wasm_byte_t *)DECLARED};
    return wasm_module_new(store, &binary);
}

/* --- Callbacks --- */

static wasm_trap_t *answer(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    if (results->size == 1) wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

static wasm_extern_t *instead; /* a function, or NULL: a number */

static wasm_trap_t *give_another(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    results->data[0].of.ref = NULL;
    if (instead != NULL) results->data[0].of.ref = wasm_ref_copy(wasm_extern_as_ref(instead));
    else results->data[0].of.ref = fusee_any_as_ref(fusee_i31_new(env, 5));
    return NULL;
}

/* --- Externs of given types --- */

static wasm_extern_t *make(wasm_store_t *store, const wasm_externtype_t *type) {
    const wasm_globaltype_t *global = wasm_externtype_as_globaltype_const(type);
    wasm_val_t null = {.kind = wasm_valtype_kind(wasm_globaltype_content(global)), .of.ref = NULL};
    switch (wasm_externtype_kind(type)) {
    case WASM_EXTERN_FUNC:
        return wasm_func_as_extern(wasm_func_new(store, wasm_externtype_as_functype_const(type), answer));
    case WASM_EXTERN_TAG: return wasm_tag_as_extern(wasm_tag_new(store, wasm_externtype_as_tagtype_const(type)));
    case WASM_EXTERN_GLOBAL: return wasm_global_as_extern(wasm_global_new(store, global, &null));
    case WASM_EXTERN_TABLE:
        return wasm_table_as_extern(wasm_table_new(store, wasm_externtype_as_tabletype_const(type), NULL));
    default: return wasm_memory_as_extern(wasm_memory_new(store, wasm_externtype_as_memorytype_const(type)));
    }
}

/* What the module imports, made in a store; and all again by the types of what was made. */
static void make_all(wasm_store_t *store, const wasm_importtype_vec_t *types, wasm_extern_t **given) {
    for (size_t i = 0; i < IMPORTS; i++) {
        given[i] = NULL;
        if (i >= types->size) continue;
        wasm_externtype_t *copy = wasm_externtype_copy(wasm_importtype_type(types->data[i]));
        wasm_extern_t *first = make(store, copy);
        wasm_externtype_delete(copy);
        wasm_externtype_t *type = wasm_extern_type(first);
        given[i] = make(store, type);
        wasm_externtype_delete(type);
        wasm_extern_delete(first);
    }
}

static wasm_instance_t *instantiate(wasm_store_t *store, const wasm_module_t *module, wasm_extern_t **given) {
    wasm_extern_vec_t imports = {IMPORTS, given};
    return wasm_instance_new(store, module, &imports, NULL);
}

static bool open_world(struct world *w, wasm_engine_t *engine) {
    wasm_importtype_vec_t types;
    w->store = wasm_store_new(engine);
    w->module = load(w->store);
    wasm_module_imports(w->module, &types);
    make_all(w->store, &types, w->given);
    wasm_importtype_vec_delete(&types);
    wasm_instance_t *instance = instantiate(w->store, w->module, w->given);
    wasm_instance_delete(instance);
    return instance != NULL;
}

static void close_world(struct world *w) {
    for (size_t i = 0; i < IMPORTS; i++) wasm_extern_delete(w->given[i]);
    wasm_module_delete(w->module);
    wasm_store_delete(w->store);
}

/* --- What may be given for what --- */

static bool may_be(size_t given, size_t wanted) {
    if (given == NARROW && wanted == OPEN) return true;         /* functions: a subtype */
    if (given == OPEN_FUNC && wanted == ANY_FUNC) return true;  /* globals that nobody sets: as well */
    return (given == PAIR && wanted == CONSTANT) || given == wanted;
}

static void in_places(const struct world *w) {
    for (size_t wanted = 0; wanted < IMPORTS; wanted++)
        for (size_t given = 0; given < IMPORTS; given++) {
            if (wasm_extern_kind(w->given[given]) != wasm_extern_kind(w->given[wanted])) continue;
            wasm_extern_t *all[IMPORTS];
            for (size_t i = 0; i < IMPORTS; i++) all[i] = w->given[i == wanted ? given : i];
            wasm_instance_t *instance = instantiate(w->store, w->module, all);
            static char what[] = "-- for -- links, or not";
            what[0] = (char)('0' + given / 10), what[1] = (char)('0' + given % 10);
            what[7] = (char)('0' + wanted / 10), what[8] = (char)('0' + wanted % 10);
            check((instance != NULL) == may_be(given, wanted), what);
            wasm_instance_delete(instance);
        }
}

/* --- What they are given is of their types --- */

static wasm_trap_t *call(const wasm_extern_t *function, wasm_val_t value, wasm_val_t *out) {
    wasm_val_t arg[] = {value};
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = {1, out};
    return wasm_func_call(wasm_extern_as_func_const(function), &args, &results);
}

static bool returns(const wasm_extern_t *function, wasm_val_t value, wasm_val_t *out) {
    wasm_trap_t *trap = call(function, value, out);
    wasm_trap_delete(trap);
    return trap == NULL;
}

static void values(const struct world *w) {
    wasm_externtype_t *swap = wasm_extern_type(w->given[SWAP]), *keep = wasm_extern_type(w->given[KEEP]);
    wasm_func_t *another = wasm_func_new_with_env(
        w->store, wasm_externtype_as_functype(swap), give_another, w->store, NULL);
    wasm_func_t *number = wasm_func_new_with_env(
        w->store, wasm_externtype_as_functype(keep), give_another, w->store, NULL);
    wasm_extern_t *all[IMPORTS];
    for (size_t i = 0; i < IMPORTS; i++) all[i] = w->given[i];
    wasm_instance_t *first = instantiate(w->store, w->module, all);
    all[SWAP] = wasm_func_as_extern(another);
    all[KEEP] = wasm_func_as_extern(number);
    wasm_instance_t *second = instantiate(w->store, w->module, all);
    wasm_extern_vec_t a, b;
    wasm_instance_exports(first, &a);
    wasm_instance_exports(second, &b);
    wasm_val_t out, seven = WASM_I32_VAL(7), null = {.kind = WASM_FUNCREF, .of.ref = NULL}, open = null, alone = null;
    open.of.ref = wasm_extern_as_ref(a.data[TWICE]);
    alone.of.ref = wasm_extern_as_ref(a.data[OTHER]);
    check(returns(a.data[THROUGH_KEEP], seven, &out) && out.of.i32 == 7, "an object through a callback");
    check(returns(a.data[THROUGH_SWAP], open, &out) && wasm_ref_same(out.of.ref, open.of.ref), "and a function");
    wasm_val_delete(&out);
    check(!returns(a.data[THROUGH_SWAP], null, &out), "null is no result");
    check(!returns(w->given[SWAP], alone, &out), "nor a function of another type an argument");
    instead = a.data[OTHER];
    check(!returns(b.data[THROUGH_SWAP], open, &out), "nor a result");
    instead = a.data[TWICE];
    check(returns(b.data[THROUGH_SWAP], null, &out) && wasm_ref_same(out.of.ref, open.of.ref), "but one of that type");
    wasm_val_delete(&out);
    instead = NULL;
    check(!returns(b.data[THROUGH_KEEP], seven, &out), "a number is no point");
    wasm_table_t *opens = wasm_extern_as_table(w->given[OPENS]);
    check(wasm_table_set(opens, 0, open.of.ref) && !wasm_table_set(opens, 1, alone.of.ref), "in tables");
    wasm_func_delete(another);
    wasm_func_delete(number);
    wasm_externtype_delete(swap);
    wasm_externtype_delete(keep);
    wasm_extern_vec_delete(&a);
    wasm_extern_vec_delete(&b);
    wasm_instance_delete(first);
    wasm_instance_delete(second);
}

/* What a guest has made is of the type that its module declares, which goes on in globals, tags and functions. */
static void exports(const struct world *w) {
    wasm_instance_t *instance = instantiate(w->store, w->module, (wasm_extern_t **)w->given);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    static const size_t WANTED[EXPORTS] = {SWAP, PLAIN, OPEN, ALONE, VARIABLE, SECOND};
    for (size_t i = 0; i < EXPORTS && i < exports.size; i++) {
        wasm_externtype_t *type = wasm_extern_type(exports.data[i]);
        wasm_extern_t *all[IMPORTS], *made = make(w->store, type);
        for (size_t at = 0; at < IMPORTS; at++) all[at] = at == WANTED[i] ? made : w->given[at];
        wasm_instance_t *again = instantiate(w->store, w->module, all);
        check(again != NULL, "of the type of what a guest has made");
        wasm_instance_delete(again);
        wasm_extern_delete(made);
        wasm_externtype_delete(type);
    }
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
}

/* A type that the app puts together has no group but its own; its values may be of a module's types. */
static void put_together(const struct world *w) {
    wasm_externtype_t *type = wasm_extern_type(w->given[KEEP]), *tag = wasm_extern_type(w->given[CARRIER]);
    const wasm_functype_t *keep = wasm_externtype_as_functype(type);
    const wasm_valtype_t *point = keep ? wasm_functype_params(keep)->data[0] : NULL;
    wasm_functype_t *function = wasm_functype_new_1_1(wasm_valtype_copy(point), wasm_valtype_copy(point));
    wasm_tagtype_t *carrier = wasm_tagtype_new(wasm_functype_new_1_0(wasm_valtype_copy(point)));
    wasm_extern_t *all[IMPORTS];
    for (size_t i = 0; i < IMPORTS; i++) all[i] = w->given[i];
    wasm_func_t *func = wasm_func_new(w->store, function, answer);
    wasm_tag_t *made = wasm_tag_new(w->store, carrier);
    all[KEEP] = wasm_func_as_extern(func);
    all[CARRIER] = wasm_tag_as_extern(made);
    wasm_instance_t *instance = instantiate(w->store, w->module, all);
    check(instance != NULL, "of types of values");
    wasm_tagtype_t *found = wasm_tag_type(made);
    wasm_tag_t *again = wasm_tag_new(w->store, found);
    wasm_val_t number = {.kind = FUSEE_ANYREF, .of.ref = fusee_any_as_ref(fusee_i31_new(w->store, 1))};
    wasm_val_t null = {.kind = FUSEE_ANYREF, .of.ref = NULL};
    wasm_val_vec_t wrong = {1, &number}, right = {1, &null};
    fusee_exn_t *none = fusee_exn_new(w->store, again, &wrong), *exn = fusee_exn_new(w->store, again, &right);
    check(none == NULL && exn != NULL, "which are looked at");
    while (!fusee_store_collect(w->store, UINT64_MAX)) {}
    fusee_exn_delete(none);
    fusee_exn_delete(exn);
    wasm_val_delete(&number);
    wasm_tagtype_delete(found);
    wasm_tag_delete(again);
    wasm_instance_delete(instance);
    wasm_func_delete(func);
    wasm_tag_delete(made);
    wasm_functype_delete(function);
    wasm_tagtype_delete(carrier);
    wasm_externtype_delete(type);
    wasm_externtype_delete(tag);
}

/* --- Types outlive what they are from, and serve other stores --- */

static void elsewhere(wasm_engine_t *engine, bool is_loaded) {
    wasm_importtype_vec_t types;
    wasm_store_t *first = wasm_store_new(engine);
    wasm_module_t *module = load(first);
    wasm_shared_module_t *shared = wasm_module_share(module);
    wasm_module_imports(module, &types);
    wasm_module_delete(module);
    wasm_store_delete(first);
    wasm_store_t *second = wasm_store_new(engine);
    module = is_loaded ? wasm_module_obtain(second, shared) : NULL;
    wasm_extern_t *given[IMPORTS];
    make_all(second, &types, given);
    wasm_importtype_vec_delete(&types);
    if (!is_loaded) module = load(second);
    wasm_shared_module_delete(shared);
    wasm_instance_t *instance = instantiate(second, module, given);
    check(instance != NULL || has_failed(), "in another store");
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    for (size_t i = 0; i < IMPORTS; i++) wasm_extern_delete(given[i]);
    wasm_store_delete(second);
}

static void live(wasm_engine_t *engine) {
    elsewhere(engine, false);
    elsewhere(engine, true);
}

int give_declared(void) {
    struct world w;
    long before = live_blocks();
    wasm_engine_t *engine = fusee_engine_new(platform());
    bool is_open = open_world(&w, engine);
    check(is_open, "a world of declared types");
    if (is_open) {
        in_places(&w);
        values(&w);
        exports(&w);
        put_together(&w);
    }
    close_world(&w);
    live(engine);
    wasm_engine_delete(engine);
    check(live_blocks() == before, "all is gone");
    live_without_memory(live, 100);
    return failures;
}
