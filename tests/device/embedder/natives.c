/* An app's module, and another one, whose functions may be native: an app sees no difference but in time. */

#include "fusee.h"
#include "natives.h"

enum { FIB, FALL, DEEP, TWICE, TURN, AGAIN, GROWN = 2 * 65536, STOPPED = -1000000 };

static wasm_store_t *interrupted = NULL; /* when a guest's memory grows, as if another thread did it then */
static fusee_platform_t platform;
static void *(*allocate_more)(size_t count, size_t size);

static void *allocate(size_t count, size_t size) {
    if (count * size >= GROWN) fusee_store_interrupt(interrupted, true);
    return allocate_more(count, size);
}

static wasm_trap_t *add_one(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    results->data[0] = args->data[0];
    results->data[0].of.i32++;
    return NULL;
}

static wasm_module_t *load(wasm_store_t *store, int which) {
    wasm_byte_vec_t own = {sizeof OWN, (wasm_byte_t *)OWN}, changed = {sizeof CHANGED, (wasm_byte_t *)CHANGED};
    return wasm_module_new(store, which == 0 ? &own : &changed);
}

static bool is_interrupt(const wasm_trap_t *trap) {
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    bool is = message.size == sizeof "interrupt" && message.data[0] == 'i' && message.data[5] == 'r';
    wasm_byte_vec_delete(&message);
    return is;
}

/* What a function of a module returns; minus the offset at which it has trapped, or STOPPED. */
static int32_t called(wasm_store_t *store, wasm_module_t *module, int function, int32_t argument) {
    wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t *host = wasm_func_new(store, type, add_one);
    wasm_functype_delete(type);
    wasm_extern_t *import[] = {wasm_func_as_extern(host)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(import), exports;
    wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
    wasm_instance_exports(instance, &exports);
    wasm_val_t arg[] = {WASM_I32_VAL(argument)}, out[] = {WASM_INIT_VAL};
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
    wasm_trap_t *trap = wasm_func_call(wasm_extern_as_func(exports.data[function]), &args, &results);
    int32_t result = trap == NULL ? out[0].of.i32 : -1;
    if (trap != NULL) {
        wasm_frame_t *frame = wasm_trap_origin(trap);
        if (frame != NULL) result = -(int32_t)wasm_frame_module_offset(frame);
        if (is_interrupt(trap)) result = STOPPED;
        wasm_frame_delete(frame);
        wasm_trap_delete(trap);
    }
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_func_delete(host);
    return result;
}

static uint32_t left;

/* The fuel that the last `run` has left. */
uint32_t fuel_left(void) { return left; }

/* `which` module; the fuel of its store, or 0 if its engine is not metered. */
int32_t run(int32_t which, uint32_t fuel, int32_t function, int32_t argument) {
    fusee_default_platform(&platform);
    allocate_more = platform.allocate;
    platform.allocate = allocate;
    wasm_config_t *config = fusee_config_new(&platform);
    fusee_config_set_metered(config, fuel != 0);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    wasm_store_t *store = wasm_store_new(engine);
    wasm_engine_delete(engine);
    if (fuel != 0) fusee_store_set_fuel(store, fuel);
    interrupted = function >= TURN ? store : NULL;
    wasm_module_t *module = load(store, which);
    int32_t result = module == NULL ? -1 : called(store, module, function, argument);
    left = (uint32_t)fusee_store_fuel(store);
    interrupted = NULL;
    wasm_module_delete(module);
    wasm_store_delete(store);
    return result;
}

static uint32_t after(uint64_t nanoseconds, void (*call)(void *argument), void *argument) { return 0; } /* never */

/* Whether guests of an engine that is neither metered nor interruptible may have a deadline. */
int32_t may_have_deadline(int32_t which) {
    fusee_default_platform(&platform);
    platform.after = after;
    wasm_engine_t *engine = fusee_engine_new(&platform);
    wasm_store_t *store = wasm_store_new(engine);
    wasm_engine_delete(engine);
    wasm_module_t *module = load(store, which);
    bool may = fusee_store_set_deadline(store, 1000);
    wasm_module_delete(module);
    wasm_store_delete(store);
    return may;
}
