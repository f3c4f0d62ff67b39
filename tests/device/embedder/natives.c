/* An app's module, and another one, whose functions may be native: an app sees no difference but in time. */

#include "fusee.h"
#include "natives.h"

enum { FIB, FALL, DEEP, TWICE };

static wasm_trap_t *add_one(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    results->data[0] = args->data[0];
    results->data[0].of.i32++;
    return NULL;
}

static wasm_module_t *load(wasm_store_t *store, int which) {
    wasm_byte_vec_t own = {sizeof OWN, (wasm_byte_t *)OWN}, changed = {sizeof CHANGED, (wasm_byte_t *)CHANGED};
    return wasm_module_new(store, which == 0 ? &own : &changed);
}

/* What a function of a module returns; minus the offset at which it has trapped. */
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
    wasm_config_t *config = wasm_config_new();
    fusee_config_set_metered(config, fuel != 0);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    wasm_store_t *store = wasm_store_new(engine);
    wasm_engine_delete(engine);
    if (fuel != 0) fusee_store_set_fuel(store, fuel);
    wasm_module_t *module = load(store, which);
    int32_t result = module == NULL ? -1 : called(store, module, function, argument);
    left = (uint32_t)fusee_store_fuel(store);
    wasm_module_delete(module);
    wasm_store_delete(store);
    return result;
}
