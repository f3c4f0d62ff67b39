/* Guests that run for ever, or as long as they are told: INTERRUPTED's exports, and how they are called. */

#include "platform.h"

enum { TURN, CHASE, CALLS, FILL, MANY, OUTSIDE, FRESH, COUNT, THROUGH, TABLE, EXPORTS };
enum { STOPPED = -1, WRONG = -2 };

struct guest {
    wasm_store_t *store;
    wasm_module_t *module;
    wasm_func_t *look; /* what the guest imports */
    wasm_extern_vec_t exports;
};

/* STOPPED if the trap says that the guest was interrupted, WRONG if it says something else; it is deleted. */
static inline int32_t outcome_of(wasm_trap_t *trap) {
    static const char interrupt[] = "interrupt";
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    bool is_stopped = message.size == sizeof interrupt;
    for (size_t i = 0; is_stopped && i < sizeof interrupt; i++) is_stopped = message.data[i] == interrupt[i];
    wasm_byte_vec_delete(&message);
    wasm_trap_delete(trap);
    return is_stopped ? STOPPED : WRONG;
}

/* Another instance in the guest's store, in the place of the one that it had; 0, or as `outcome_of`. */
static inline int32_t instantiate(struct guest *guest) {
    wasm_extern_t *externs[] = {wasm_func_as_extern(guest->look)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs);
    wasm_trap_t *trap = NULL;
    wasm_instance_t *instance = wasm_instance_new(guest->store, guest->module, &imports, &trap);
    wasm_extern_vec_delete(&guest->exports);
    guest->exports = (wasm_extern_vec_t)WASM_EMPTY_VEC;
    if (instance == NULL) return trap == NULL ? WRONG : outcome_of(trap);
    wasm_instance_exports(instance, &guest->exports);
    wasm_instance_delete(instance);
    return guest->exports.size == EXPORTS ? 0 : WRONG;
}

/* A guest in a store of its own, without an instance yet; `look` is called with `env`. */
static inline void begin(struct guest *guest, wasm_engine_t *engine, wasm_func_callback_with_env_t look, void *env,
    const unsigned char *bytes, size_t size) {
    wasm_byte_vec_t binary = {size, (wasm_byte_t *)bytes};
    wasm_functype_t *type = wasm_functype_new_0_0();
    guest->store = wasm_store_new(engine);
    guest->module = wasm_module_new(guest->store, &binary);
    guest->look = wasm_func_new_with_env(guest->store, type, look, env, NULL);
    guest->exports = (wasm_extern_vec_t)WASM_EMPTY_VEC;
    wasm_functype_delete(type);
}

static inline void end(struct guest *guest) {
    wasm_extern_vec_delete(&guest->exports);
    wasm_func_delete(guest->look);
    wasm_module_delete(guest->module);
    wasm_store_delete(guest->store);
}

static inline int32_t call(struct guest *guest, size_t export, int32_t argument) {
    if (guest->exports.size != EXPORTS) return WRONG;
    wasm_val_t given[] = {WASM_I32_VAL(argument)}, taken[] = {WASM_I32_VAL(WRONG)};
    wasm_val_vec_t arguments = WASM_ARRAY_VEC(given), results = WASM_ARRAY_VEC(taken);
    wasm_trap_t *trap = wasm_func_call(wasm_extern_as_func(guest->exports.data[export]), &arguments, &results);
    return trap == NULL ? taken[0].of.i32 : outcome_of(trap);
}

/* In a host function: a new instance's export becomes what the old one's FRESH goes on in. */
static inline void refresh(struct guest *guest, size_t export) {
    wasm_table_t *table = wasm_table_copy(wasm_extern_as_table(guest->exports.data[TABLE]));
    if (instantiate(guest) == 0) {
        wasm_func_t *func = wasm_extern_as_func(guest->exports.data[export]);
        wasm_table_set(table, 0, wasm_func_as_ref(func));
    }
    wasm_table_delete(table);
}
