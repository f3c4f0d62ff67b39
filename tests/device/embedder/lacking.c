/* A library that was built without vectors, exceptions, objects and threads: it says why it refuses a module, at once. */

#include <stdio.h>
#include <string.h>

#include "fusee.h"

#define HEADER 0, 'a', 's', 'm', 1, 0, 0, 0

static const uint8_t VECTOR[] = {HEADER, 1, 5, 1, 0x60, 1, 0x7B, 0};        /* (type (func (param v128))) */
static const uint8_t TAG[] = {HEADER, 1, 4, 1, 0x60, 0, 0, 13, 3, 1, 0, 0}; /* (tag) */
static const uint8_t OBJECT[] = {HEADER, 1, 3, 1, 0x5F, 0};                 /* (type (struct)) */
static const uint8_t SHARED[] = {HEADER, 5, 4, 1, 3, 1, 1};                 /* (memory 1 1 shared) */
static const uint8_t PLAIN[] = {HEADER, 5, 3, 1, 0, 1};                     /* (memory 1) */

static const struct {
    const uint8_t *bytes;
    size_t size;
    const char *reason;
} REFUSED[] = {
    {VECTOR, sizeof VECTOR, "this engine was built without vectors (simd)"},
    {TAG, sizeof TAG, "this engine was built without exceptions (exceptions)"},
    {OBJECT, sizeof OBJECT, "this engine was built without garbage-collected types (gc)"},
    {SHARED, sizeof SHARED, "this engine was built without shared memories and atomic instructions (threads)"},
};

static int refuse(wasm_store_t *store, const uint8_t *bytes, size_t size, const char *reason) {
    wasm_byte_vec_t binary = {size, (wasm_byte_t *)bytes};
    wasm_message_t said;
    if (wasm_module_validate(store, &binary) || wasm_module_new(store, &binary) != NULL) return printf("taken: %s\n", reason);
    fusee_store_error(store, &said);
    int differs = strcmp(said.data, reason);
    if (differs) printf("%s, not %s\n", said.data, reason);
    wasm_byte_vec_delete(&said);
    return differs;
}

int main(void) {
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++)
        if (refuse(store, REFUSED[i].bytes, REFUSED[i].size, REFUSED[i].reason)) return 1;
    wasm_byte_vec_t binary = {sizeof PLAIN, (wasm_byte_t *)PLAIN};
    wasm_module_t *module = wasm_module_new(store, &binary);
    wasm_instance_t *instance = wasm_instance_new(store, module, NULL, NULL);
    puts(instance == NULL ? "the store is of no use any more" : "refused, and the rest taken");
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
