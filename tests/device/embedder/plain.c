/* An app that gives no platform: `wasm.h` alone, on what the library finds itself. To be run first. */

#include "check.h"
#include "guests.h"

static wasm_module_t *load(wasm_store_t *store, const unsigned char *bytes, size_t size) {
    wasm_byte_vec_t binary = {size, (wasm_byte_t *)bytes};
    return wasm_module_new(store, &binary);
}

static void before_any_engine(void) {
    wasm_name_t name;
    wasm_name_new_from_string(&name, "early");
    wasm_functype_t *type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    check(name.size == 5 && type != NULL, "vectors and types need no engine");
    wasm_functype_delete(type);
    wasm_name_delete(&name);
}

static void the_platform(void) {
    fusee_platform_t table, *found = &table;
    static uint8_t bytes[300];
    size_t count = 99;
    int zeros = 0;
    check(fusee_default_platform(&table), "there is a platform");
    check(found->clock(0) > 1000000000ull * 1000000000ull, "it is later than 2001");
    uint64_t start = found->clock(1);
    check(start != 0 && found->clock(1) >= start && found->clock(2) != 0 && found->clock(77) == 0, "clocks");
    check(found->random(bytes, sizeof bytes) == 0, "random numbers");
    for (size_t i = 0; i < sizeof bytes; i++) zeros += bytes[i] == 0;
    check(zeros < 30, "of which few are zero");
    check(found->write(7777, bytes, 1) == 8 && found->read(7777, bytes, 1, &count) == 8 && count == 99, "EBADF");
    check(found->write(1, bytes, 0) == 0, "nothing can be written");
}

static void mark(void *argument) { ++*(int *)argument; }

static void timers(void) {
    static fusee_platform_t found;
    int marked = 0;
    if (!fusee_default_platform(&found) || found.after == NULL) return;
    check(found.after(5, mark, &marked) == 0 && marked == 0, "a timer is started");
    go_off();
    check(marked == 1, "and goes off");
}

static void a_deadline(void) {
    wasm_config_t *config = wasm_config_new();
    fusee_config_set_interruptible(config, true);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    wasm_store_t *store = wasm_store_new(engine);
    wasm_engine_delete(engine);
    wasm_module_t *module = load(store, SPIN, sizeof SPIN);
    wasm_instance_t *instance = wasm_instance_new(store, module, NULL, NULL);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_val_t arg[] = {WASM_I32_VAL(0)}, out[] = {WASM_INIT_VAL};
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
    check(!fusee_store_set_fuel(store, 1) && fusee_store_fuel(store) == 0, "nobody counts");
    check(fusee_store_set_deadline(store, 1000000), "there is a clock");
    wasm_trap_t *trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), &args, &results);
    check(trap != NULL, "by which a guest is stopped");
    wasm_trap_delete(trap);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
}

static void hello(void) {
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_engine_delete(engine);
    fusee_wasi_t *wasi = fusee_wasi_new();
    fusee_wasi_add_argument(wasi, "hello", 5);
    fusee_wasi_add_argument(wasi, "plain", 5);
    fusee_store_set_wasi(store, wasi);
    wasm_module_t *module = load(store, HELLO, sizeof HELLO);
    wasm_importtype_vec_t wanted;
    wasm_module_imports(module, &wanted);
    wasm_extern_vec_t imports;
    wasm_extern_vec_new_uninitialized(&imports, wanted.size);
    wasm_importtype_vec_delete(&wanted);
    check(fusee_wasi_imports(store, module, &imports), "WASI's functions");
    wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
    wasm_extern_vec_delete(&imports);
    check(fusee_wasi_start(instance, NULL) == 15, "the program writes to standard output and exits");
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
}

int by_default(void) {
    before_any_engine();
    the_platform();
    timers();
    a_deadline();
    hello();
    return failures;
}
