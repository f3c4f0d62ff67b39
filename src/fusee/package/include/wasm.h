/* wasm.h: the WebAssembly C API (github.com/WebAssembly/wasm-c-api) as Fusee's device library has it: all of it,
 * and what is marked as not of the standard.
 *
 * What is marked `own` belongs to whoever receives it, and is ended by the `_delete` of its type. A vector owns its
 * elements. Functions that make something return NULL, or an empty vector, if that cannot be done; nothing ever ends
 * the process. NULL in the place of an object is no crash but gives NULL, 0 or false. Objects may be deleted in any order.
 *
 * An engine may be used from any thread. A store, and all that belongs to it, is used by one thread at a time; those
 * of one engine run in parallel, each in its thread, and share nothing but the engine and binaries.
 */

#ifndef WASM_H
#define WASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __STDC_HOSTED__
#include <assert.h>
#include <string.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifndef WASM_API_EXTERN
#define WASM_API_EXTERN
#endif

#define own

typedef char byte_t;
typedef float float32_t;
typedef double float64_t;
typedef byte_t wasm_byte_t;

/* --- Families ------------------------------------------------------------------------------------------------- */

/* An opaque object, and its end. */

#define FUSEE_OBJECT(name)                           \
    typedef struct wasm_##name##_t wasm_##name##_t; \
    WASM_API_EXTERN void wasm_##name##_delete(own wasm_##name##_t *object);

/* A vector. A new uninitialized one is zero, so that it can be deleted at any time. */

#define FUSEE_VECTOR(name, element)                                                                          \
    typedef struct wasm_##name##_vec_t {                                                                     \
        size_t size;                                                                                         \
        element *data;                                                                                       \
    } wasm_##name##_vec_t;                                                                                   \
    WASM_API_EXTERN void wasm_##name##_vec_new_empty(own wasm_##name##_vec_t *out);                          \
    WASM_API_EXTERN void wasm_##name##_vec_new_uninitialized(own wasm_##name##_vec_t *out, size_t size);     \
    WASM_API_EXTERN void wasm_##name##_vec_new(                                                              \
        own wasm_##name##_vec_t *out, size_t size, own element const data[]);                                \
    WASM_API_EXTERN void wasm_##name##_vec_copy(                                                             \
        own wasm_##name##_vec_t *out, const wasm_##name##_vec_t *vector);                                    \
    WASM_API_EXTERN void wasm_##name##_vec_delete(own wasm_##name##_vec_t *vector);

#define FUSEE_COPY(name) WASM_API_EXTERN own wasm_##name##_t *wasm_##name##_copy(const wasm_##name##_t *object);

/* A type. */

#define FUSEE_TYPE(name)                 \
    FUSEE_OBJECT(name)                   \
    FUSEE_VECTOR(name, wasm_##name##_t *) \
    FUSEE_COPY(name)

/* A handle. Copies are handles of the same object, which `same` tells. Host info belongs to the object: all of its handles
 * show it. The finalizer is called once, when other host info takes the place or the object ends: functions, globals,
 * tables, memories, tags and instances with their store, traps and modules with their last handle, foreign objects when
 * neither a handle nor a guest refers to them, at the latest with the store. */

#define FUSEE_HANDLE(name)                                                                          \
    FUSEE_OBJECT(name)                                                                              \
    FUSEE_COPY(name)                                                                                \
    WASM_API_EXTERN bool wasm_##name##_same(const wasm_##name##_t *a, const wasm_##name##_t *b);    \
    WASM_API_EXTERN void *wasm_##name##_get_host_info(const wasm_##name##_t *object);               \
    WASM_API_EXTERN void wasm_##name##_set_host_info(wasm_##name##_t *object, void *info);          \
    WASM_API_EXTERN void wasm_##name##_set_host_info_with_finalizer(                                \
        wasm_##name##_t *object, void *info, void (*finalizer)(void *info));

/* Conversions between a general kind and a special one. They neither copy nor take over, so what they give is deleted under
 * one of its names. To the special kind: NULL if the object is of another. */

#define FUSEE_CONVERT(name, general, special, general_t, special_t)                                    \
    WASM_API_EXTERN general_t *wasm_##special##_as_##general(special_t *object);                       \
    WASM_API_EXTERN special_t *wasm_##general##_as_##special(general_t *object);                       \
    WASM_API_EXTERN const general_t *wasm_##special##_as_##general##_const(const special_t *object);   \
    WASM_API_EXTERN const special_t *wasm_##general##_as_##special##_const(const general_t *object);

#define FUSEE_REF(name)  \
    FUSEE_HANDLE(name)   \
    FUSEE_CONVERT(name, ref, name, wasm_ref_t, wasm_##name##_t)

#define FUSEE_EXTERN(name) FUSEE_CONVERT(name, extern, name, wasm_extern_t, wasm_##name##_t)

#define FUSEE_EXTERNTYPE(name)  \
    FUSEE_TYPE(name##type)      \
    FUSEE_CONVERT(name, externtype, name##type, wasm_externtype_t, wasm_##name##type_t)

/* --- Bytes and names ------------------------------------------------------------------------------------------ */

FUSEE_VECTOR(byte, wasm_byte_t)

typedef wasm_byte_vec_t wasm_name_t;
typedef wasm_name_t wasm_message_t; /* with a zero byte at its end */

#define wasm_name wasm_byte_vec
#define wasm_name_new wasm_byte_vec_new
#define wasm_name_new_empty wasm_byte_vec_new_empty
#define wasm_name_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_new_new_uninitialized wasm_byte_vec_new_uninitialized /* the standard's spelling */
#define wasm_name_copy wasm_byte_vec_copy
#define wasm_name_delete wasm_byte_vec_delete

static inline void wasm_name_new_from_string(own wasm_name_t *out, const char *text) {
    size_t size = 0;
    while (text[size]) size++;
    wasm_byte_vec_new(out, size, text);
}

static inline void wasm_name_new_from_string_nt(own wasm_name_t *out, const char *text) { /* with its zero byte */
    size_t size = 0;
    while (text[size]) size++;
    wasm_byte_vec_new(out, size + 1, text);
}

/* --- Engines and stores --------------------------------------------------------------------------------------- */

/* They run on the platform that was given last (`fusee.h`). If none was, that is the C library; where there is none, they
 * are NULL. An engine takes over its configuration. */

FUSEE_OBJECT(config)
FUSEE_OBJECT(engine)
FUSEE_OBJECT(store)

WASM_API_EXTERN own wasm_config_t *wasm_config_new(void);
WASM_API_EXTERN own wasm_engine_t *wasm_engine_new(void);
WASM_API_EXTERN own wasm_engine_t *wasm_engine_new_with_config(own wasm_config_t *config);
WASM_API_EXTERN own wasm_store_t *wasm_store_new(wasm_engine_t *engine);

/* --- Types ---------------------------------------------------------------------------------------------------- */

typedef uint8_t wasm_mutability_t;
enum wasm_mutability_enum { WASM_CONST = 0, WASM_VAR = 1 };

typedef struct wasm_limits_t {
    uint32_t min;
    uint32_t max;
} wasm_limits_t;

static const uint32_t wasm_limits_max_default = 0xffffffff; /* no maximum */

typedef uint8_t wasm_valkind_t;
enum wasm_valkind_enum {
    WASM_I32 = 0,
    WASM_I64 = 1,
    WASM_F32 = 2,
    WASM_F64 = 3,
    WASM_V128 = 4, /* not of the standard */
    WASM_EXTERNREF = 128,
    WASM_ANYREF = 128, /* its older name */
    WASM_FUNCREF = 129,
    WASM_EXNREF = 130, /* not of the standard: `fusee_exn_t` */
    FUSEE_ANYREF = 131 /* not of the standard: `fusee_any_t` */
};

typedef uint8_t wasm_externkind_t;
enum wasm_externkind_enum {
    WASM_EXTERN_FUNC = 0,
    WASM_EXTERN_GLOBAL = 1,
    WASM_EXTERN_TABLE = 2,
    WASM_EXTERN_MEMORY = 3,
    WASM_EXTERN_TAG = 4 /* not of the standard, like all of tags here: as Wasmtime's header has them */
};

FUSEE_TYPE(valtype)
FUSEE_TYPE(externtype)
FUSEE_EXTERNTYPE(func)
FUSEE_EXTERNTYPE(global)
FUSEE_EXTERNTYPE(table)
FUSEE_EXTERNTYPE(memory)
FUSEE_EXTERNTYPE(tag)
FUSEE_TYPE(importtype)
FUSEE_TYPE(exporttype)

WASM_API_EXTERN own wasm_valtype_t *wasm_valtype_new(wasm_valkind_t kind);
WASM_API_EXTERN wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t *type);
WASM_API_EXTERN wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t *type);

WASM_API_EXTERN own wasm_functype_t *wasm_functype_new(
    own wasm_valtype_vec_t *params, own wasm_valtype_vec_t *results); /* empties the vectors */
WASM_API_EXTERN const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *type);
WASM_API_EXTERN const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *type);

WASM_API_EXTERN own wasm_globaltype_t *wasm_globaltype_new(own wasm_valtype_t *content, wasm_mutability_t mutability);
WASM_API_EXTERN const wasm_valtype_t *wasm_globaltype_content(const wasm_globaltype_t *type);
WASM_API_EXTERN wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t *type);

WASM_API_EXTERN own wasm_tabletype_t *wasm_tabletype_new(own wasm_valtype_t *element, const wasm_limits_t *limits);
WASM_API_EXTERN const wasm_valtype_t *wasm_tabletype_element(const wasm_tabletype_t *type);
WASM_API_EXTERN const wasm_limits_t *wasm_tabletype_limits(const wasm_tabletype_t *type);

WASM_API_EXTERN own wasm_memorytype_t *wasm_memorytype_new(const wasm_limits_t *limits); /* in pages of 64 KiB */
WASM_API_EXTERN const wasm_limits_t *wasm_memorytype_limits(const wasm_memorytype_t *type);

WASM_API_EXTERN own wasm_tagtype_t *wasm_tagtype_new(own wasm_functype_t *type); /* its parameters are the values */
WASM_API_EXTERN const wasm_functype_t *wasm_tagtype_functype(const wasm_tagtype_t *type);

WASM_API_EXTERN own wasm_importtype_t *wasm_importtype_new(
    own wasm_name_t *module, own wasm_name_t *name, own wasm_externtype_t *type);
WASM_API_EXTERN const wasm_name_t *wasm_importtype_module(const wasm_importtype_t *type);
WASM_API_EXTERN const wasm_name_t *wasm_importtype_name(const wasm_importtype_t *type);
WASM_API_EXTERN const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *type);

WASM_API_EXTERN own wasm_exporttype_t *wasm_exporttype_new(own wasm_name_t *name, own wasm_externtype_t *type);
WASM_API_EXTERN const wasm_name_t *wasm_exporttype_name(const wasm_exporttype_t *type);
WASM_API_EXTERN const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *type);

static inline bool wasm_valkind_is_num(wasm_valkind_t kind) { return kind < WASM_EXTERNREF; }
static inline bool wasm_valkind_is_ref(wasm_valkind_t kind) { return kind >= WASM_EXTERNREF; }
static inline bool wasm_valtype_is_num(const wasm_valtype_t *type) { return wasm_valtype_kind(type) < WASM_EXTERNREF; }
static inline bool wasm_valtype_is_ref(const wasm_valtype_t *type) { return wasm_valtype_kind(type) >= WASM_EXTERNREF; }

/* --- References and values ------------------------------------------------------------------------------------ */

FUSEE_HANDLE(ref)

/* A vector, which is not of the standard: lane 0 first, and each lane's lowest byte. A value that is given away, or comes from
 * the library, owns it: it is made by `wasm_v128_new`, of these bytes or, for NULL, of zeros. */

typedef struct wasm_v128_t {
    uint8_t bytes[16];
} wasm_v128_t;

WASM_API_EXTERN own wasm_v128_t *wasm_v128_new(const uint8_t bytes[16]);
WASM_API_EXTERN void wasm_v128_delete(own wasm_v128_t *vector);
FUSEE_COPY(v128)

typedef struct wasm_val_t {
    wasm_valkind_t kind;
    union {
        int32_t i32;
        int64_t i64;
        float32_t f32;
        float64_t f64;
        wasm_ref_t *ref; /* NULL: the null reference */
        wasm_v128_t *v128; /* never NULL */
    } of;
} wasm_val_t;

FUSEE_VECTOR(val, wasm_val_t)

WASM_API_EXTERN void wasm_val_delete(own wasm_val_t *value);
WASM_API_EXTERN void wasm_val_copy(own wasm_val_t *out, const wasm_val_t *value);

/* --- Traps: a message, and the frames in which it happened, the innermost first -------------------------------- */

FUSEE_OBJECT(frame)
FUSEE_COPY(frame)
FUSEE_VECTOR(frame, wasm_frame_t *)
FUSEE_REF(trap)

WASM_API_EXTERN struct wasm_instance_t *wasm_frame_instance(const wasm_frame_t *frame); /* the frame's: not `own` */
WASM_API_EXTERN uint32_t wasm_frame_func_index(const wasm_frame_t *frame);
WASM_API_EXTERN size_t wasm_frame_func_offset(const wasm_frame_t *frame);   /* bytes from the function's start */
WASM_API_EXTERN size_t wasm_frame_module_offset(const wasm_frame_t *frame); /* and from the module's */

WASM_API_EXTERN own wasm_trap_t *wasm_trap_new(wasm_store_t *store, const wasm_message_t *message);
WASM_API_EXTERN void wasm_trap_message(const wasm_trap_t *trap, own wasm_message_t *out);
WASM_API_EXTERN own wasm_frame_t *wasm_trap_origin(const wasm_trap_t *trap); /* NULL if no guest was running */
WASM_API_EXTERN void wasm_trap_trace(const wasm_trap_t *trap, own wasm_frame_vec_t *out);

/* --- Foreign objects: the host's, which guests hold as externrefs ---------------------------------------------- */

FUSEE_REF(foreign)

WASM_API_EXTERN own wasm_foreign_t *wasm_foreign_new(wasm_store_t *store);

/* --- Modules: `fusee_store_error` says why one was refused ----------------------------------------------------- */

FUSEE_REF(module)
FUSEE_OBJECT(shared_module)

WASM_API_EXTERN own wasm_module_t *wasm_module_new(wasm_store_t *store, const wasm_byte_vec_t *binary);
WASM_API_EXTERN bool wasm_module_validate(wasm_store_t *store, const wasm_byte_vec_t *binary);
WASM_API_EXTERN void wasm_module_imports(const wasm_module_t *module, own wasm_importtype_vec_t *out);
WASM_API_EXTERN void wasm_module_exports(const wasm_module_t *module, own wasm_exporttype_vec_t *out);
WASM_API_EXTERN void wasm_module_serialize(const wasm_module_t *module, own wasm_byte_vec_t *out); /* the binary */
WASM_API_EXTERN own wasm_module_t *wasm_module_deserialize(wasm_store_t *store, const wasm_byte_vec_t *bytes);

/* From thread to thread: what is shared is the binary, and what is obtained a module of that store's. */

WASM_API_EXTERN own wasm_shared_module_t *wasm_module_share(const wasm_module_t *module);
WASM_API_EXTERN own wasm_module_t *wasm_module_obtain(wasm_store_t *store, const wasm_shared_module_t *shared);

/* --- Externs: functions, globals, tables, memories and tags --------------------------------------------------- */

FUSEE_REF(extern)
FUSEE_VECTOR(extern, wasm_extern_t *)
FUSEE_REF(func)
FUSEE_REF(global)
FUSEE_REF(table)
FUSEE_REF(memory)
FUSEE_REF(tag)
FUSEE_EXTERN(func)
FUSEE_EXTERN(global)
FUSEE_EXTERN(table)
FUSEE_EXTERN(memory)
FUSEE_EXTERN(tag)

WASM_API_EXTERN wasm_externkind_t wasm_extern_kind(const wasm_extern_t *external);
WASM_API_EXTERN own wasm_externtype_t *wasm_extern_type(const wasm_extern_t *external);

/* A callback reads `args`, which stay the library's, and fills `results`, whose references and vectors the library takes over. It
 * returns NULL, or a trap that ends the call. The finalizer is called with the environment when the store ends. */

typedef own wasm_trap_t *(*wasm_func_callback_t)(const wasm_val_vec_t *args, own wasm_val_vec_t *results);
typedef own wasm_trap_t *(*wasm_func_callback_with_env_t)(
    void *env, const wasm_val_vec_t *args, own wasm_val_vec_t *results);

WASM_API_EXTERN own wasm_func_t *wasm_func_new(
    wasm_store_t *store, const wasm_functype_t *type, wasm_func_callback_t callback);
WASM_API_EXTERN own wasm_func_t *wasm_func_new_with_env(wasm_store_t *store, const wasm_functype_t *type,
    wasm_func_callback_with_env_t callback, void *env, void (*finalizer)(void *env));
WASM_API_EXTERN own wasm_functype_t *wasm_func_type(const wasm_func_t *func);
WASM_API_EXTERN size_t wasm_func_param_arity(const wasm_func_t *func);
WASM_API_EXTERN size_t wasm_func_result_arity(const wasm_func_t *func);
WASM_API_EXTERN own wasm_trap_t *wasm_func_call( /* NULL: it has returned, and `results` are filled */
    const wasm_func_t *func, const wasm_val_vec_t *args, own wasm_val_vec_t *results);

WASM_API_EXTERN own wasm_global_t *wasm_global_new(
    wasm_store_t *store, const wasm_globaltype_t *type, const wasm_val_t *value);
WASM_API_EXTERN own wasm_globaltype_t *wasm_global_type(const wasm_global_t *global);
WASM_API_EXTERN void wasm_global_get(const wasm_global_t *global, own wasm_val_t *out);
WASM_API_EXTERN void wasm_global_set(wasm_global_t *global, const wasm_val_t *value);

typedef uint32_t wasm_table_size_t;

WASM_API_EXTERN own wasm_table_t *wasm_table_new(
    wasm_store_t *store, const wasm_tabletype_t *type, wasm_ref_t *init);
WASM_API_EXTERN own wasm_tabletype_t *wasm_table_type(const wasm_table_t *table);
WASM_API_EXTERN own wasm_ref_t *wasm_table_get(const wasm_table_t *table, wasm_table_size_t index);
WASM_API_EXTERN bool wasm_table_set(wasm_table_t *table, wasm_table_size_t index, wasm_ref_t *ref);
WASM_API_EXTERN wasm_table_size_t wasm_table_size(const wasm_table_t *table);
WASM_API_EXTERN bool wasm_table_grow(wasm_table_t *table, wasm_table_size_t delta, wasm_ref_t *init);

typedef uint32_t wasm_memory_pages_t;

static const size_t MEMORY_PAGE_SIZE = 0x10000;

WASM_API_EXTERN own wasm_memory_t *wasm_memory_new(wasm_store_t *store, const wasm_memorytype_t *type);
WASM_API_EXTERN own wasm_memorytype_t *wasm_memory_type(const wasm_memory_t *memory);
WASM_API_EXTERN byte_t *wasm_memory_data(wasm_memory_t *memory); /* the bytes move when the memory grows */
WASM_API_EXTERN size_t wasm_memory_data_size(const wasm_memory_t *memory);
WASM_API_EXTERN wasm_memory_pages_t wasm_memory_size(const wasm_memory_t *memory);
WASM_API_EXTERN bool wasm_memory_grow(wasm_memory_t *memory, wasm_memory_pages_t delta);

/* What tells exceptions apart: each is itself, and equal to no other. `fusee.h` has the exceptions. */

WASM_API_EXTERN own wasm_tag_t *wasm_tag_new(wasm_store_t *store, const wasm_tagtype_t *type);
WASM_API_EXTERN own wasm_tagtype_t *wasm_tag_type(const wasm_tag_t *tag);

/* --- Instances: if one cannot be made, NULL, and the reason in `*trap` ---------------------------------------- */

FUSEE_REF(instance)

WASM_API_EXTERN own wasm_instance_t *wasm_instance_new(wasm_store_t *store, const wasm_module_t *module,
    const wasm_extern_vec_t *imports, own wasm_trap_t **trap);
WASM_API_EXTERN void wasm_instance_exports(const wasm_instance_t *instance, own wasm_extern_vec_t *out);

/* --- Short forms ---------------------------------------------------------------------------------------------- */

#define WASM_EMPTY_VEC {0, NULL}
#define WASM_ARRAY_VEC(array) {sizeof(array) / sizeof((array)[0]), array}
#define WASM_INIT_VAL {.kind = WASM_EXTERNREF, .of = {.ref = NULL}}
#define WASM_I32_VAL(value) {.kind = WASM_I32, .of = {.i32 = value}}
#define WASM_I64_VAL(value) {.kind = WASM_I64, .of = {.i64 = value}}
#define WASM_F32_VAL(value) {.kind = WASM_F32, .of = {.f32 = value}}
#define WASM_F64_VAL(value) {.kind = WASM_F64, .of = {.f64 = value}}
#define WASM_V128_VAL(value) {.kind = WASM_V128, .of = {.v128 = value}}
#define WASM_REF_VAL(value) {.kind = WASM_EXTERNREF, .of = {.ref = value}}

static inline own wasm_valtype_t *wasm_valtype_new_i32(void) { return wasm_valtype_new(WASM_I32); }
static inline own wasm_valtype_t *wasm_valtype_new_i64(void) { return wasm_valtype_new(WASM_I64); }
static inline own wasm_valtype_t *wasm_valtype_new_f32(void) { return wasm_valtype_new(WASM_F32); }
static inline own wasm_valtype_t *wasm_valtype_new_f64(void) { return wasm_valtype_new(WASM_F64); }
static inline own wasm_valtype_t *wasm_valtype_new_externref(void) { return wasm_valtype_new(WASM_EXTERNREF); }
static inline own wasm_valtype_t *wasm_valtype_new_funcref(void) { return wasm_valtype_new(WASM_FUNCREF); }

/* Function types of so many parameters and results. */

static inline own wasm_functype_t *fusee_functype_of(
    size_t param_count, wasm_valtype_t *const params[], size_t result_count, wasm_valtype_t *const results[]) {
    wasm_valtype_vec_t given, taken;
    wasm_valtype_vec_new(&given, param_count, params);
    wasm_valtype_vec_new(&taken, result_count, results);
    if (given.size == param_count && taken.size == result_count) return wasm_functype_new(&given, &taken);
    wasm_valtype_vec_delete(&given);
    wasm_valtype_vec_delete(&taken);
    return NULL;
}

#define FUSEE_FUNCTYPE(m, n, parameters, params, results)                                  \
    static inline own wasm_functype_t *wasm_functype_new_##m##_##n parameters {            \
        wasm_valtype_t *given[] = {params NULL}, *taken[] = {results NULL};                \
        return fusee_functype_of(m, given, n, taken);                                      \
    }
#define FUSEE_LIST1(a) a,
#define FUSEE_LIST2(a, b) a, b,
#define FUSEE_LIST3(a, b, c) a, b, c,

FUSEE_FUNCTYPE(0, 0, (void), , )
FUSEE_FUNCTYPE(1, 0, (own wasm_valtype_t *p), FUSEE_LIST1(p), )
FUSEE_FUNCTYPE(2, 0, (own wasm_valtype_t *p, own wasm_valtype_t *q), FUSEE_LIST2(p, q), )
FUSEE_FUNCTYPE(3, 0, (own wasm_valtype_t *p, own wasm_valtype_t *q, own wasm_valtype_t *r), FUSEE_LIST3(p, q, r), )
FUSEE_FUNCTYPE(0, 1, (own wasm_valtype_t *x), , FUSEE_LIST1(x))
FUSEE_FUNCTYPE(1, 1, (own wasm_valtype_t *p, own wasm_valtype_t *x), FUSEE_LIST1(p), FUSEE_LIST1(x))
FUSEE_FUNCTYPE(
    2, 1, (own wasm_valtype_t *p, own wasm_valtype_t *q, own wasm_valtype_t *x), FUSEE_LIST2(p, q), FUSEE_LIST1(x))
FUSEE_FUNCTYPE(3, 1,
    (own wasm_valtype_t *p, own wasm_valtype_t *q, own wasm_valtype_t *r, own wasm_valtype_t *x),
    FUSEE_LIST3(p, q, r), FUSEE_LIST1(x))
FUSEE_FUNCTYPE(0, 2, (own wasm_valtype_t *x, own wasm_valtype_t *y), , FUSEE_LIST2(x, y))
FUSEE_FUNCTYPE(
    1, 2, (own wasm_valtype_t *p, own wasm_valtype_t *x, own wasm_valtype_t *y), FUSEE_LIST1(p), FUSEE_LIST2(x, y))
FUSEE_FUNCTYPE(2, 2,
    (own wasm_valtype_t *p, own wasm_valtype_t *q, own wasm_valtype_t *x, own wasm_valtype_t *y),
    FUSEE_LIST2(p, q), FUSEE_LIST2(x, y))
FUSEE_FUNCTYPE(3, 2,
    (own wasm_valtype_t *p, own wasm_valtype_t *q, own wasm_valtype_t *r, own wasm_valtype_t *x, own wasm_valtype_t *y),
    FUSEE_LIST3(p, q, r), FUSEE_LIST2(x, y))

/* A host pointer as an integer of its width. */

static inline void wasm_val_init_ptr(own wasm_val_t *out, void *pointer) {
    out->kind = sizeof(void *) == 4 ? WASM_I32 : WASM_I64;
    out->of.i64 = (int64_t)(uintptr_t)pointer;
}

static inline void *wasm_val_ptr(const wasm_val_t *value) {
    return (void *)(value->kind == WASM_I32 ? (uintptr_t)(uint32_t)value->of.i32 : (uintptr_t)value->of.i64);
}

#undef FUSEE_OBJECT
#undef FUSEE_VECTOR
#undef FUSEE_COPY
#undef FUSEE_TYPE
#undef FUSEE_HANDLE
#undef FUSEE_CONVERT
#undef FUSEE_REF
#undef FUSEE_EXTERN
#undef FUSEE_EXTERNTYPE
#undef FUSEE_FUNCTYPE
#undef FUSEE_LIST1
#undef FUSEE_LIST2
#undef FUSEE_LIST3
#undef own

#ifdef __cplusplus
}
#endif

#endif
