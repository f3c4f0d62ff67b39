/* Guests that share a memory: how they are made and called. */

#include "platform.h"

enum { WAIT, NOTIFY, ADD, GROW, SIZE, LOAD, FOLLOW, OUTGROW, COUNT }; /* SHARING's exports */
enum { WOKEN, NOT_EQUAL, TIMED_OUT, TRAPPED = -1 };
enum { PAGE = 65536 };

#define ENDLESS (-1)

struct guest {
    wasm_store_t *store;
    wasm_extern_vec_t exports;
    bool is_stopped; /* the last call has ended in "interrupt" */
};

static inline fusee_sharedmemory_t *new_shared(wasm_engine_t *engine, uint32_t pages, uint32_t most) {
    wasm_limits_t limits = {pages, most};
    wasm_memorytype_t *type = fusee_memorytype_new_shared(&limits);
    fusee_sharedmemory_t *memory = fusee_sharedmemory_new(engine, type);
    wasm_memorytype_delete(type);
    return memory;
}

/* A guest in a store of its own; false if that cannot be made. */
static inline bool begin(
    struct guest *guest, wasm_engine_t *engine, fusee_sharedmemory_t *memory, const unsigned char *bytes, size_t size) {
    guest->store = wasm_store_new(engine);
    guest->exports = (wasm_extern_vec_t)WASM_EMPTY_VEC;
    wasm_byte_vec_t binary = {size, (wasm_byte_t *)bytes};
    wasm_module_t *module = wasm_module_new(guest->store, &binary);
    wasm_memory_t *given = fusee_sharedmemory_obtain(guest->store, memory);
    wasm_extern_t *externs[] = {wasm_memory_as_extern(given)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs);
    wasm_trap_t *trap = NULL;
    wasm_instance_t *instance = wasm_instance_new(guest->store, module, &imports, &trap);
    wasm_memory_delete(given);
    wasm_module_delete(module);
    wasm_trap_delete(trap);
    wasm_instance_exports(instance, &guest->exports);
    wasm_instance_delete(instance);
    return guest->exports.size != 0;
}

static inline void end(struct guest *guest) {
    wasm_extern_vec_delete(&guest->exports);
    wasm_store_delete(guest->store);
}

static inline int32_t call(struct guest *guest, size_t export, int32_t a, int32_t b, int64_t c) {
    if (guest->exports.size == 0) return TRAPPED;
    wasm_val_t given[] = {WASM_I32_VAL(a), WASM_I32_VAL(b), WASM_I64_VAL(c)}, taken[] = {WASM_I32_VAL(0)};
    wasm_val_vec_t arguments = WASM_ARRAY_VEC(given), results = WASM_ARRAY_VEC(taken);
    wasm_trap_t *trap = wasm_func_call(wasm_extern_as_func(guest->exports.data[export]), &arguments, &results);
    if (trap == NULL) return taken[0].of.i32;
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    guest->is_stopped = message.size == sizeof "interrupt" && message.data[0] == 'i' && message.data[5] == 'r';
    wasm_byte_vec_delete(&message);
    wasm_trap_delete(trap);
    return TRAPPED;
}
