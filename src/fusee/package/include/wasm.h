/* wasm.h: the part of the WebAssembly C API (wasm-c-api) that Fusee's device library has.
 *
 * Where the API says `own`, whoever receives the object deletes it. Functions that make something return
 * NULL, or an empty vector, if there is no memory; nothing ever ends the process. Objects may be deleted in
 * any order. A store, and all that belongs to it, is used by one thread at a time; so is an engine.
 */

#ifndef WASM_H
#define WASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

typedef char byte_t;
typedef float float32_t;
typedef double float64_t;
typedef byte_t wasm_byte_t;

/* Opaque objects */

typedef struct wasm_config_t wasm_config_t;
typedef struct wasm_engine_t wasm_engine_t;
typedef struct wasm_store_t wasm_store_t;
typedef struct wasm_valtype_t wasm_valtype_t;
typedef struct wasm_functype_t wasm_functype_t;
typedef struct wasm_globaltype_t wasm_globaltype_t;
typedef struct wasm_tabletype_t wasm_tabletype_t;
typedef struct wasm_memorytype_t wasm_memorytype_t;
typedef struct wasm_externtype_t wasm_externtype_t;
typedef struct wasm_importtype_t wasm_importtype_t;
typedef struct wasm_exporttype_t wasm_exporttype_t;
typedef struct wasm_ref_t wasm_ref_t;
typedef struct wasm_frame_t wasm_frame_t;
typedef struct wasm_trap_t wasm_trap_t;
typedef struct wasm_module_t wasm_module_t;
typedef struct wasm_func_t wasm_func_t;
typedef struct wasm_global_t wasm_global_t;
typedef struct wasm_table_t wasm_table_t;
typedef struct wasm_memory_t wasm_memory_t;
typedef struct wasm_extern_t wasm_extern_t;
typedef struct wasm_instance_t wasm_instance_t;

/* Vectors */

typedef struct wasm_byte_vec_t {
    size_t size;
    wasm_byte_t *data;
} wasm_byte_vec_t;

void wasm_byte_vec_new_empty(own wasm_byte_vec_t *out);
void wasm_byte_vec_new_uninitialized(own wasm_byte_vec_t *out, size_t size);
void wasm_byte_vec_new(own wasm_byte_vec_t *out, size_t size, const wasm_byte_t data[]);
void wasm_byte_vec_copy(own wasm_byte_vec_t *out, const wasm_byte_vec_t *vector);
void wasm_byte_vec_delete(own wasm_byte_vec_t *vector);

typedef wasm_byte_vec_t wasm_name_t;
typedef wasm_name_t wasm_message_t; /* with a zero byte at its end */

/* Kinds and values */

typedef uint8_t wasm_mutability_t;
enum wasm_mutability_enum { WASM_CONST = 0, WASM_VAR = 1 };

typedef struct wasm_limits_t {
    uint32_t min;
    uint32_t max;
} wasm_limits_t;

static const uint32_t wasm_limits_max_default = 0xffffffff;

typedef uint8_t wasm_valkind_t;
enum wasm_valkind_enum {
    WASM_I32 = 0,
    WASM_I64 = 1,
    WASM_F32 = 2,
    WASM_F64 = 3,
    WASM_V128 = 4, /* in types only: no value holds one */
    WASM_EXTERNREF = 128,
    WASM_ANYREF = 128,
    WASM_FUNCREF = 129
};

typedef uint8_t wasm_externkind_t;
enum wasm_externkind_enum {
    WASM_EXTERN_FUNC = 0,
    WASM_EXTERN_GLOBAL = 1,
    WASM_EXTERN_TABLE = 2,
    WASM_EXTERN_MEMORY = 3
};

typedef struct wasm_val_t {
    wasm_valkind_t kind;
    union {
        int32_t i32;
        int64_t i64;
        float32_t f32;
        float64_t f64;
        wasm_ref_t *ref;
    } of;
} wasm_val_t;

void wasm_val_delete(own wasm_val_t *value);
void wasm_val_copy(own wasm_val_t *out, const wasm_val_t *value);

typedef struct wasm_val_vec_t {
    size_t size;
    wasm_val_t *data;
} wasm_val_vec_t;

void wasm_val_vec_new_empty(own wasm_val_vec_t *out);
void wasm_val_vec_new_uninitialized(own wasm_val_vec_t *out, size_t size);
void wasm_val_vec_new(own wasm_val_vec_t *out, size_t size, own const wasm_val_t data[]);
void wasm_val_vec_copy(own wasm_val_vec_t *out, const wasm_val_vec_t *vector);
void wasm_val_vec_delete(own wasm_val_vec_t *vector);

/* Engines and stores; `fusee.h` has those that say which platform they run on */

void wasm_config_delete(own wasm_config_t *config);
void wasm_engine_delete(own wasm_engine_t *engine);
own wasm_store_t *wasm_store_new(wasm_engine_t *engine);
void wasm_store_delete(own wasm_store_t *store);

/* Types */

void wasm_valtype_delete(own wasm_valtype_t *type);
own wasm_valtype_t *wasm_valtype_copy(const wasm_valtype_t *type);
typedef struct wasm_valtype_vec_t {
    size_t size;
    wasm_valtype_t **data;
} wasm_valtype_vec_t;

void wasm_valtype_vec_new_empty(own wasm_valtype_vec_t *out);
void wasm_valtype_vec_new_uninitialized(own wasm_valtype_vec_t *out, size_t size);
void wasm_valtype_vec_new(own wasm_valtype_vec_t *out, size_t size, own wasm_valtype_t *const data[]);
void wasm_valtype_vec_copy(own wasm_valtype_vec_t *out, const wasm_valtype_vec_t *vector);
void wasm_valtype_vec_delete(own wasm_valtype_vec_t *vector);

void wasm_externtype_delete(own wasm_externtype_t *type);
own wasm_externtype_t *wasm_externtype_copy(const wasm_externtype_t *type);
typedef struct wasm_externtype_vec_t {
    size_t size;
    wasm_externtype_t **data;
} wasm_externtype_vec_t;

void wasm_externtype_vec_new_empty(own wasm_externtype_vec_t *out);
void wasm_externtype_vec_new_uninitialized(own wasm_externtype_vec_t *out, size_t size);
void wasm_externtype_vec_new(own wasm_externtype_vec_t *out, size_t size, own wasm_externtype_t *const data[]);
void wasm_externtype_vec_copy(own wasm_externtype_vec_t *out, const wasm_externtype_vec_t *vector);
void wasm_externtype_vec_delete(own wasm_externtype_vec_t *vector);

void wasm_importtype_delete(own wasm_importtype_t *type);
own wasm_importtype_t *wasm_importtype_copy(const wasm_importtype_t *type);
typedef struct wasm_importtype_vec_t {
    size_t size;
    wasm_importtype_t **data;
} wasm_importtype_vec_t;

void wasm_importtype_vec_new_empty(own wasm_importtype_vec_t *out);
void wasm_importtype_vec_new_uninitialized(own wasm_importtype_vec_t *out, size_t size);
void wasm_importtype_vec_new(own wasm_importtype_vec_t *out, size_t size, own wasm_importtype_t *const data[]);
void wasm_importtype_vec_copy(own wasm_importtype_vec_t *out, const wasm_importtype_vec_t *vector);
void wasm_importtype_vec_delete(own wasm_importtype_vec_t *vector);

void wasm_exporttype_delete(own wasm_exporttype_t *type);
own wasm_exporttype_t *wasm_exporttype_copy(const wasm_exporttype_t *type);
typedef struct wasm_exporttype_vec_t {
    size_t size;
    wasm_exporttype_t **data;
} wasm_exporttype_vec_t;

void wasm_exporttype_vec_new_empty(own wasm_exporttype_vec_t *out);
void wasm_exporttype_vec_new_uninitialized(own wasm_exporttype_vec_t *out, size_t size);
void wasm_exporttype_vec_new(own wasm_exporttype_vec_t *out, size_t size, own wasm_exporttype_t *const data[]);
void wasm_exporttype_vec_copy(own wasm_exporttype_vec_t *out, const wasm_exporttype_vec_t *vector);
void wasm_exporttype_vec_delete(own wasm_exporttype_vec_t *vector);

own wasm_valtype_t *wasm_valtype_new(wasm_valkind_t kind);
wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t *type);

void wasm_functype_delete(own wasm_functype_t *type);
own wasm_functype_t *wasm_functype_copy(const wasm_functype_t *type);
wasm_externtype_t *wasm_functype_as_externtype(wasm_functype_t *type);
const wasm_externtype_t *wasm_functype_as_externtype_const(const wasm_functype_t *type);
wasm_functype_t *wasm_externtype_as_functype(wasm_externtype_t *type);
const wasm_functype_t *wasm_externtype_as_functype_const(const wasm_externtype_t *type);

void wasm_globaltype_delete(own wasm_globaltype_t *type);
own wasm_globaltype_t *wasm_globaltype_copy(const wasm_globaltype_t *type);
wasm_externtype_t *wasm_globaltype_as_externtype(wasm_globaltype_t *type);
const wasm_externtype_t *wasm_globaltype_as_externtype_const(const wasm_globaltype_t *type);
wasm_globaltype_t *wasm_externtype_as_globaltype(wasm_externtype_t *type);
const wasm_globaltype_t *wasm_externtype_as_globaltype_const(const wasm_externtype_t *type);

void wasm_tabletype_delete(own wasm_tabletype_t *type);
own wasm_tabletype_t *wasm_tabletype_copy(const wasm_tabletype_t *type);
wasm_externtype_t *wasm_tabletype_as_externtype(wasm_tabletype_t *type);
const wasm_externtype_t *wasm_tabletype_as_externtype_const(const wasm_tabletype_t *type);
wasm_tabletype_t *wasm_externtype_as_tabletype(wasm_externtype_t *type);
const wasm_tabletype_t *wasm_externtype_as_tabletype_const(const wasm_externtype_t *type);

void wasm_memorytype_delete(own wasm_memorytype_t *type);
own wasm_memorytype_t *wasm_memorytype_copy(const wasm_memorytype_t *type);
wasm_externtype_t *wasm_memorytype_as_externtype(wasm_memorytype_t *type);
const wasm_externtype_t *wasm_memorytype_as_externtype_const(const wasm_memorytype_t *type);
wasm_memorytype_t *wasm_externtype_as_memorytype(wasm_externtype_t *type);
const wasm_memorytype_t *wasm_externtype_as_memorytype_const(const wasm_externtype_t *type);

wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t *type);

own wasm_functype_t *wasm_functype_new(own wasm_valtype_vec_t *params, own wasm_valtype_vec_t *results);
const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *type);
const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *type);

own wasm_globaltype_t *wasm_globaltype_new(own wasm_valtype_t *content, wasm_mutability_t mutability);
const wasm_valtype_t *wasm_globaltype_content(const wasm_globaltype_t *type);
wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t *type);

own wasm_tabletype_t *wasm_tabletype_new(own wasm_valtype_t *element, const wasm_limits_t *limits);
const wasm_valtype_t *wasm_tabletype_element(const wasm_tabletype_t *type);
const wasm_limits_t *wasm_tabletype_limits(const wasm_tabletype_t *type);

own wasm_memorytype_t *wasm_memorytype_new(const wasm_limits_t *limits);
const wasm_limits_t *wasm_memorytype_limits(const wasm_memorytype_t *type);

const wasm_name_t *wasm_importtype_module(const wasm_importtype_t *type);
const wasm_name_t *wasm_importtype_name(const wasm_importtype_t *type);
const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *type);
const wasm_name_t *wasm_exporttype_name(const wasm_exporttype_t *type);
const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *type);

/* Traps */

void wasm_frame_delete(own wasm_frame_t *frame);
own wasm_frame_t *wasm_frame_copy(const wasm_frame_t *frame);
wasm_instance_t *wasm_frame_instance(const wasm_frame_t *frame);
uint32_t wasm_frame_func_index(const wasm_frame_t *frame);
size_t wasm_frame_func_offset(const wasm_frame_t *frame);
size_t wasm_frame_module_offset(const wasm_frame_t *frame);

typedef struct wasm_frame_vec_t {
    size_t size;
    wasm_frame_t **data;
} wasm_frame_vec_t;

void wasm_frame_vec_new_empty(own wasm_frame_vec_t *out);
void wasm_frame_vec_new_uninitialized(own wasm_frame_vec_t *out, size_t size);
void wasm_frame_vec_new(own wasm_frame_vec_t *out, size_t size, own wasm_frame_t *const data[]);
void wasm_frame_vec_copy(own wasm_frame_vec_t *out, const wasm_frame_vec_t *vector);
void wasm_frame_vec_delete(own wasm_frame_vec_t *vector);

void wasm_trap_delete(own wasm_trap_t *trap);
own wasm_trap_t *wasm_trap_copy(const wasm_trap_t *trap);
own wasm_trap_t *wasm_trap_new(wasm_store_t *store, const wasm_message_t *message);
void wasm_trap_message(const wasm_trap_t *trap, own wasm_message_t *out);
own wasm_frame_t *wasm_trap_origin(const wasm_trap_t *trap);
void wasm_trap_trace(const wasm_trap_t *trap, own wasm_frame_vec_t *out);

/* Modules: `fusee_store_error` says why one was refused */

void wasm_module_delete(own wasm_module_t *module);
own wasm_module_t *wasm_module_copy(const wasm_module_t *module);
own wasm_module_t *wasm_module_new(wasm_store_t *store, const wasm_byte_vec_t *binary);
bool wasm_module_validate(wasm_store_t *store, const wasm_byte_vec_t *binary);
void wasm_module_imports(const wasm_module_t *module, own wasm_importtype_vec_t *out);
void wasm_module_exports(const wasm_module_t *module, own wasm_exporttype_vec_t *out);
void wasm_module_serialize(const wasm_module_t *module, own wasm_byte_vec_t *out);

/* References and externs */

void wasm_ref_delete(own wasm_ref_t *ref);
own wasm_ref_t *wasm_ref_copy(const wasm_ref_t *ref);
wasm_func_t *wasm_ref_as_func(wasm_ref_t *ref);

void wasm_extern_delete(own wasm_extern_t *external);
own wasm_extern_t *wasm_extern_copy(const wasm_extern_t *external);
bool wasm_extern_same(const wasm_extern_t *a, const wasm_extern_t *b);
wasm_externkind_t wasm_extern_kind(const wasm_extern_t *external);
own wasm_externtype_t *wasm_extern_type(const wasm_extern_t *external);

typedef struct wasm_extern_vec_t {
    size_t size;
    wasm_extern_t **data;
} wasm_extern_vec_t;

void wasm_extern_vec_new_empty(own wasm_extern_vec_t *out);
void wasm_extern_vec_new_uninitialized(own wasm_extern_vec_t *out, size_t size);
void wasm_extern_vec_new(own wasm_extern_vec_t *out, size_t size, own wasm_extern_t *const data[]);
void wasm_extern_vec_copy(own wasm_extern_vec_t *out, const wasm_extern_vec_t *vector);
void wasm_extern_vec_delete(own wasm_extern_vec_t *vector);

void wasm_func_delete(own wasm_func_t *func);
own wasm_func_t *wasm_func_copy(const wasm_func_t *func);
bool wasm_func_same(const wasm_func_t *a, const wasm_func_t *b);
wasm_ref_t *wasm_func_as_ref(wasm_func_t *func);
const wasm_ref_t *wasm_func_as_ref_const(const wasm_func_t *func);
wasm_extern_t *wasm_func_as_extern(wasm_func_t *func);
const wasm_extern_t *wasm_func_as_extern_const(const wasm_func_t *func);
wasm_func_t *wasm_extern_as_func(wasm_extern_t *external);
const wasm_func_t *wasm_extern_as_func_const(const wasm_extern_t *external);

void wasm_global_delete(own wasm_global_t *global);
own wasm_global_t *wasm_global_copy(const wasm_global_t *global);
bool wasm_global_same(const wasm_global_t *a, const wasm_global_t *b);
wasm_ref_t *wasm_global_as_ref(wasm_global_t *global);
const wasm_ref_t *wasm_global_as_ref_const(const wasm_global_t *global);
wasm_extern_t *wasm_global_as_extern(wasm_global_t *global);
const wasm_extern_t *wasm_global_as_extern_const(const wasm_global_t *global);
wasm_global_t *wasm_extern_as_global(wasm_extern_t *external);
const wasm_global_t *wasm_extern_as_global_const(const wasm_extern_t *external);

void wasm_table_delete(own wasm_table_t *table);
own wasm_table_t *wasm_table_copy(const wasm_table_t *table);
bool wasm_table_same(const wasm_table_t *a, const wasm_table_t *b);
wasm_ref_t *wasm_table_as_ref(wasm_table_t *table);
const wasm_ref_t *wasm_table_as_ref_const(const wasm_table_t *table);
wasm_extern_t *wasm_table_as_extern(wasm_table_t *table);
const wasm_extern_t *wasm_table_as_extern_const(const wasm_table_t *table);
wasm_table_t *wasm_extern_as_table(wasm_extern_t *external);
const wasm_table_t *wasm_extern_as_table_const(const wasm_extern_t *external);

void wasm_memory_delete(own wasm_memory_t *memory);
own wasm_memory_t *wasm_memory_copy(const wasm_memory_t *memory);
bool wasm_memory_same(const wasm_memory_t *a, const wasm_memory_t *b);
wasm_ref_t *wasm_memory_as_ref(wasm_memory_t *memory);
const wasm_ref_t *wasm_memory_as_ref_const(const wasm_memory_t *memory);
wasm_extern_t *wasm_memory_as_extern(wasm_memory_t *memory);
const wasm_extern_t *wasm_memory_as_extern_const(const wasm_memory_t *memory);
wasm_memory_t *wasm_extern_as_memory(wasm_extern_t *external);
const wasm_memory_t *wasm_extern_as_memory_const(const wasm_extern_t *external);

void wasm_instance_delete(own wasm_instance_t *instance);
own wasm_instance_t *wasm_instance_copy(const wasm_instance_t *instance);
bool wasm_instance_same(const wasm_instance_t *a, const wasm_instance_t *b);

/* Functions */

typedef wasm_trap_t *(*wasm_func_callback_t)(const wasm_val_vec_t *args, own wasm_val_vec_t *results);
typedef wasm_trap_t *(*wasm_func_callback_with_env_t)(
    void *env, const wasm_val_vec_t *args, own wasm_val_vec_t *results);

own wasm_func_t *wasm_func_new(wasm_store_t *store, const wasm_functype_t *type, wasm_func_callback_t callback);
own wasm_func_t *wasm_func_new_with_env(wasm_store_t *store, const wasm_functype_t *type,
    wasm_func_callback_with_env_t callback, void *env, void (*finalizer)(void *env));
own wasm_functype_t *wasm_func_type(const wasm_func_t *func);
size_t wasm_func_param_arity(const wasm_func_t *func);
size_t wasm_func_result_arity(const wasm_func_t *func);
own wasm_trap_t *wasm_func_call(const wasm_func_t *func, const wasm_val_vec_t *args, wasm_val_vec_t *results);

/* Globals */

own wasm_global_t *wasm_global_new(wasm_store_t *store, const wasm_globaltype_t *type, const wasm_val_t *value);
own wasm_globaltype_t *wasm_global_type(const wasm_global_t *global);
void wasm_global_get(const wasm_global_t *global, own wasm_val_t *out);
void wasm_global_set(wasm_global_t *global, const wasm_val_t *value);

/* Tables */

own wasm_table_t *wasm_table_new(wasm_store_t *store, const wasm_tabletype_t *type, wasm_ref_t *init);
own wasm_tabletype_t *wasm_table_type(const wasm_table_t *table);
own wasm_ref_t *wasm_table_get(const wasm_table_t *table, uint32_t index);
bool wasm_table_set(wasm_table_t *table, uint32_t index, wasm_ref_t *ref);
uint32_t wasm_table_size(const wasm_table_t *table);
bool wasm_table_grow(wasm_table_t *table, uint32_t delta, wasm_ref_t *init);

/* Memories: the bytes move when the memory grows */

own wasm_memory_t *wasm_memory_new(wasm_store_t *store, const wasm_memorytype_t *type);
own wasm_memorytype_t *wasm_memory_type(const wasm_memory_t *memory);
byte_t *wasm_memory_data(wasm_memory_t *memory);
size_t wasm_memory_data_size(const wasm_memory_t *memory);
uint32_t wasm_memory_size(const wasm_memory_t *memory);
bool wasm_memory_grow(wasm_memory_t *memory, uint32_t delta);

/* Instances: if one cannot be made, NULL, and the reason in `*trap` */

own wasm_instance_t *wasm_instance_new(wasm_store_t *store, const wasm_module_t *module,
    const wasm_extern_vec_t *imports, own wasm_trap_t **trap);
void wasm_instance_exports(const wasm_instance_t *instance, own wasm_extern_vec_t *out);

/* Initialisers */

#define WASM_EMPTY_VEC {0, NULL}
#define WASM_ARRAY_VEC(array) {sizeof(array) / sizeof((array)[0]), array}
#define WASM_INIT_VAL {.kind = WASM_EXTERNREF, .of = {.ref = NULL}}
#define WASM_I32_VAL(value) {.kind = WASM_I32, .of = {.i32 = value}}
#define WASM_I64_VAL(value) {.kind = WASM_I64, .of = {.i64 = value}}
#define WASM_F32_VAL(value) {.kind = WASM_F32, .of = {.f32 = value}}
#define WASM_F64_VAL(value) {.kind = WASM_F64, .of = {.f64 = value}}

#undef own

#ifdef __cplusplus
}
#endif

#include "fusee.h" /* has wasm_engine_new and wasm_config_new */

#endif
