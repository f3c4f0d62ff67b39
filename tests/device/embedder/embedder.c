/* An app that embeds the device library, as the documentation shows it. Prints what it sees; 0 if all is right. */

#include "guests.h" /* the modules as bytes; made by the test */
#include "platform.h"

static size_t length(const char *text) {
    size_t size = 0;
    while (text[size]) size++;
    return size;
}

static void print(const char *text) { say(text, length(text)); }

static void print_number(int64_t number) {
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do digits[--at] = (char)('0' + rest % 10); while (rest /= 10);
    if (number < 0) digits[--at] = '-';
    say(digits + at, sizeof digits - at);
}

static int failures = 0;

static void check(bool is_right, const char *what) {
    if (!is_right) {
        failures++;
        print("WRONG: ");
        print(what);
        print("\n");
    }
}

static wasm_module_t *load(wasm_store_t *store, const unsigned char *bytes, size_t size) {
    wasm_byte_vec_t binary = {size, (wasm_byte_t *)bytes};
    return wasm_module_new(store, &binary);
}

static void print_trap(const wasm_trap_t *trap) {
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    print("trap: ");
    print(message.data);
    wasm_frame_vec_t frames;
    wasm_trap_trace(trap, &frames);
    for (size_t i = 0; i < frames.size; i++) {
        print(" <- ");
        print_number(wasm_frame_func_index(frames.data[i]));
    }
    print("\n");
    wasm_frame_vec_delete(&frames);
    wasm_byte_vec_delete(&message);
}

struct environment {
    int calls;
    wasm_store_t *store;
};

/* A host function: doubles a number, or traps at 13. */
static wasm_trap_t *twice(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
    struct environment *environment = env;
    environment->calls++;
    if (args->data[0].of.i32 == 13) {
        wasm_message_t message = {15, (char *)"bad luck today"};
        return wasm_trap_new(environment->store, &message);
    }
    results->data[0].kind = WASM_I32;
    results->data[0].of.i32 = args->data[0].of.i32 * 2;
    return NULL;
}

static wasm_functype_t *int_to_int(void) {
    wasm_valtype_t *param[] = {wasm_valtype_new(WASM_I32)}, *result[] = {wasm_valtype_new(WASM_I32)};
    wasm_valtype_vec_t params, results;
    wasm_valtype_vec_new(&params, 1, param);
    wasm_valtype_vec_new(&results, 1, result);
    return wasm_functype_new(&params, &results);
}

static wasm_trap_t *call(const wasm_extern_vec_t *exports, size_t index, int32_t argument, int32_t *result) {
    wasm_val_t arg[] = {WASM_I32_VAL(argument)}, out[] = {WASM_INIT_VAL};
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg), results = WASM_ARRAY_VEC(out);
    wasm_trap_t *trap = wasm_func_call(wasm_extern_as_func(exports->data[index]), &args, &results);
    *result = out[0].of.i32;
    return trap;
}

static void functions(wasm_engine_t *engine) {
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *module = load(store, GUEST, sizeof GUEST);
    check(module != NULL, "the module loads");
    wasm_importtype_vec_t wanted;
    wasm_module_imports(module, &wanted);
    check(wanted.size == 1 && wasm_externtype_kind(wasm_importtype_type(wanted.data[0])) == WASM_EXTERN_FUNC, "imports");
    wasm_importtype_vec_delete(&wanted);

    struct environment environment = {0, store};
    wasm_functype_t *type = int_to_int();
    wasm_func_t *func = wasm_func_new_with_env(store, type, twice, &environment, NULL);
    wasm_functype_delete(type);
    wasm_extern_t *given[] = {wasm_func_as_extern(func)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(given);
    wasm_trap_t *trap = NULL;
    wasm_instance_t *instance = wasm_instance_new(store, module, &imports, &trap);
    check(instance != NULL && trap == NULL, "the instance is made");
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);

    int32_t result = 0;
    check(call(&exports, 0, 20, &result) == NULL, "quadruple returns");
    print("quadruple(20) = ");
    print_number(result);
    print("\n");
    check(environment.calls == 2, "the host function was called twice");

    trap = call(&exports, 0, 13, &result);
    check(trap != NULL, "the host function's trap arrives");
    print_trap(trap);
    wasm_trap_delete(trap);

    trap = call(&exports, 1, 0, &result);
    check(trap != NULL, "a division by zero traps");
    print_trap(trap);
    wasm_trap_delete(trap);

    wasm_memory_t *memory = wasm_extern_as_memory(exports.data[3]);
    check(memory != NULL && wasm_memory_size(memory) == 1, "the memory");
    check(wasm_memory_data(memory)[8] == 'F' && wasm_memory_grow(memory, 1), "its contents");
    check(wasm_memory_data_size(memory) == 0x20000, "it has grown");

    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_func_delete(func);
    wasm_module_delete(module);
    wasm_store_delete(store);
}

static void fuel(void) {
    wasm_config_t *config = fusee_config_new(platform());
    fusee_config_set_metered(config, true);
    wasm_engine_t *engine = fusee_engine_new_with_config(platform(), config);
    wasm_store_t *store = wasm_store_new(engine);
    wasm_engine_delete(engine); /* the store keeps it */
    wasm_module_t *module = load(store, SPIN, sizeof SPIN);
    wasm_trap_t *trap = NULL;
    wasm_extern_vec_t none = WASM_EMPTY_VEC, exports;
    wasm_instance_t *instance = wasm_instance_new(store, module, &none, &trap);
    wasm_instance_exports(instance, &exports);
    int32_t result = 0;
    check(fusee_store_set_fuel(store, 100000), "the engine is metered");
    trap = call(&exports, 0, 0, &result);
    check(trap != NULL && fusee_store_fuel(store) < 100, "the fuel is used up");
    print_trap(trap);
    wasm_trap_delete(trap);
    fusee_store_set_fuel(store, UINT64_MAX);
    if (fusee_store_set_deadline(store, 1000000)) {
        trap = call(&exports, 0, 0, &result);
        check(trap != NULL, "the deadline is noticed");
        print_trap(trap);
        wasm_trap_delete(trap);
    }
    wasm_store_delete(store);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
}

static uint32_t write_out(void *environment, uint32_t descriptor, const uint8_t *data, size_t size) {
    *(size_t *)environment += size;
    say((const char *)data, size);
    return descriptor == 1 ? 0 : 8;
}

static void wasi(wasm_engine_t *engine) {
    size_t written = 0;
    wasm_store_t *store = wasm_store_new(engine);
    fusee_wasi_t *wasi = fusee_wasi_new();
    fusee_streams_t streams = {&written, NULL, write_out};
    check(fusee_wasi_add_argument(wasi, "hello", 5) && fusee_wasi_add_argument(wasi, "watch", 5), "arguments");
    fusee_wasi_set_streams(wasi, &streams);
    fusee_store_set_wasi(store, wasi);
    wasm_module_t *module = load(store, HELLO, sizeof HELLO);
    wasm_importtype_vec_t wanted;
    wasm_module_imports(module, &wanted);
    wasm_extern_vec_t imports;
    wasm_extern_vec_new_uninitialized(&imports, wanted.size);
    wasm_importtype_vec_delete(&wanted);
    check(fusee_wasi_imports(store, module, &imports), "WASI's functions");
    wasm_trap_t *trap = NULL;
    wasm_instance_t *instance = wasm_instance_new(store, module, &imports, &trap);
    wasm_extern_vec_delete(&imports);
    if (trap != NULL) print_trap(trap);
    uint32_t status = fusee_wasi_start(instance, &trap);
    print("exit status ");
    print_number(status);
    print("\n");
    check(trap == NULL && written != 0, "the program has exited");
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
}

static void refusals(wasm_engine_t *engine) {
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *module = load(store, GUEST, sizeof GUEST - 1);
    check(module == NULL, "half a module is refused");
    wasm_message_t message;
    fusee_store_error(store, &message);
    print("refused: ");
    print(message.data);
    print("\n");
    wasm_byte_vec_delete(&message);
    module = load(store, GUEST, sizeof GUEST);
    wasm_extern_vec_t none = WASM_EMPTY_VEC;
    wasm_trap_t *trap = NULL;
    check(wasm_instance_new(store, module, &none, &trap) == NULL && trap != NULL, "imports are missing");
    print_trap(trap);
    wasm_trap_delete(trap);
    wasm_module_delete(module);
    wasm_store_delete(store);
}

int embed(void) {
    wasm_engine_t *engine = fusee_engine_new(platform());
    check(engine != NULL, "the engine is made");
    functions(engine);
    fuel();
    wasi(engine);
    refusals(engine);
    wasm_engine_delete(engine);
    return failures;
}
