/* fusee_component.h: components on devices, as `fusee build --component` splits them. */

#ifndef FUSEE_COMPONENT_H
#define FUSEE_COMPONENT_H

#include "fusee.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values. What a kind of types has for its values:
 *
 *   numbers, bool, char    the member of `of` of that name; a char is in `character`
 *   string                 `string`: UTF-8, without a zero byte at its end
 *   list of numbers        `numbers`: of the kind `which`, one after the other, as the machine has them
 *   other lists, maps      `list`; a map is a list of records of two
 *   record, tuple          `record`: the fields, in their order
 *   variant                `which`: the number of the case; `payload`: one value, or none
 *   option                 the same: FUSEE_NONE, or FUSEE_SOME with a payload
 *   result                 the same: FUSEE_OK or FUSEE_ERR, with a payload or without
 *   enum                   `which`
 *   flags                  `flags`: the first one is the lowest bit
 *   own, borrow            `handle`: see below; `which`: the number of the resource
 *
 * The header that is written for a component has the numbers of its fields, cases, flags and resources. */

typedef uint8_t fusee_value_kind_t;
enum {
    FUSEE_BOOL, FUSEE_S8, FUSEE_U8, FUSEE_S16, FUSEE_U16, FUSEE_S32, FUSEE_U32, FUSEE_S64, FUSEE_U64, FUSEE_F32,
    FUSEE_F64, FUSEE_CHAR, FUSEE_STRING, FUSEE_LIST, FUSEE_NUMBERS, FUSEE_RECORD, FUSEE_VARIANT, FUSEE_ENUM,
    FUSEE_FLAGS, FUSEE_OWN, FUSEE_BORROW
};
enum { FUSEE_NONE = 0, FUSEE_SOME = 1 };
enum { FUSEE_OK = 0, FUSEE_ERR = 1 };

typedef struct fusee_value_t {
    fusee_value_kind_t kind;
    uint32_t which;
    union {
        bool boolean;
        int8_t s8;
        uint8_t u8;
        int16_t s16;
        uint16_t u16;
        int32_t s32;
        uint32_t u32;
        int64_t s64;
        uint64_t u64;
        float f32;
        double f64;
        uint32_t character;
        uint32_t flags;
        uint32_t handle;
        struct { size_t size; char *data; } string;
        struct { size_t size; void *data; } numbers;
        struct { size_t size; struct fusee_value_t *data; } list;
        struct { size_t size; struct fusee_value_t *data; } record;
        struct { size_t size; struct fusee_value_t *data; } payload; /* the size is 1 or 0 */
    } of;
} fusee_value_t;

/* Values with memory of their own: what is given is copied, parts are false at first. False if there is no memory. Any
 * value may also be put together of the app's own memory, where it stays the app's: as an argument of a call. */

bool fusee_value_new_string(fusee_value_t *out, size_t size, const char *text);
bool fusee_value_new_numbers(fusee_value_t *out, uint32_t kind, size_t size, const void *numbers); /* NULL: zeros */
bool fusee_value_new_list(fusee_value_t *out, size_t size);
bool fusee_value_new_record(fusee_value_t *out, size_t size);
bool fusee_value_new_variant(fusee_value_t *out, uint32_t which, bool has_payload);
void fusee_value_delete(fusee_value_t *value);                     /* with all its parts; it is then false */
void fusee_value_move(fusee_value_t *out, fusee_value_t *value);   /* what was there is then false */

/* Components. The bytes may go once it is loaded. NULL is given with the reason in `*trap`, if `trap` is not NULL. */

typedef struct fusee_component_t fusee_component_t;
typedef struct fusee_component_instance_t fusee_component_instance_t;
typedef struct fusee_component_func_t fusee_component_func_t;

fusee_component_t *fusee_component_new(wasm_store_t *store, const wasm_byte_vec_t *binary, wasm_trap_t **trap);
void fusee_component_delete(fusee_component_t *component); /* instances stay */

/* What the app gives for the component's imports, before it makes an instance; false if the component does not import
 * that. Names end in a zero byte. An interface is named as the component imports it, `wasi:cli/stdout@0.2.6`, or by the part
 * of the version that tells what is compatible: `wasi:cli/stdout@0.2`, `my:app/log@1`. What belongs to no interface has
 * NULL for one. Names are those of the component model: `[method]output-stream.write`.
 *
 * The arguments are the library's, and the callback may move them away. The result, false at first, is then the library's. A trap
 * that is returned ends the call of the guest. */

typedef wasm_trap_t *(*fusee_component_callback_t)(
    void *environment, fusee_value_t *arguments, size_t count, fusee_value_t *result);
typedef wasm_trap_t *(*fusee_component_destructor_t)(void *environment, uint32_t number);

bool fusee_component_define(fusee_component_t *component, const char *interface, const char *name,
    fusee_component_callback_t callback, void *environment);
bool fusee_component_define_resource(fusee_component_t *component, const char *interface, const char *name,
    fusee_component_destructor_t destructor, void *environment); /* called when a guest drops what it owns */
void fusee_component_allow_undefined(fusee_component_t *component, bool allowed); /* else there is no instance */

/* Have the library give WASI 0.2, where the app has defined nothing: arguments, environment, standard streams, directories, files
 * and exit by what the store has (`fusee_store_set_wasi`); clocks, timers and random numbers by the platform. Sockets and what
 * the app has no callback for in `fusee_files_t` are errors that say so. All other functions of WASI's trap when they
 * are called, and so do those that the component imports with types of its own, a resource of the app's for one. The program is
 * called by its export `run` of `wasi:cli/run@0.2`; if it exits, that is a trap (`fusee_trap_exit_status`). The app's definitions
 * may come before or after. An app that defines what makes a resource defines all that takes it; its numbers of resources are
 * less than 1 << 30. */

void fusee_component_use_wasi(fusee_component_t *component);

fusee_component_instance_t *fusee_component_instance_new(fusee_component_t *component, wasm_trap_t **trap);
void fusee_component_instance_delete(fusee_component_instance_t *instance);
void fusee_component_instance_set_most( /* bytes that the values of one call may take, 64 MiB at first */
    fusee_component_instance_t *instance, uint64_t bytes);

/* An exported function, which ends with its instance; NULL if there is none. Interfaces are named as above. */

fusee_component_func_t *fusee_component_instance_func(
    fusee_component_instance_t *instance, const char *interface, const char *name);

/* Call it: NULL, and the result, which is then the app's; or a trap, and false. `result` may be NULL. The arguments stay
 * the app's, but for what is owned by handles of the kind FUSEE_OWN. If they are not what the function takes, it is not called. After a trap
 * of the guest's, and while it calls the app, the instance cannot be called. */

wasm_trap_t *fusee_component_call(
    const fusee_component_func_t *function, const fusee_value_t *arguments, size_t count, fusee_value_t *result);

/* Resources of the app's: `handle` is a number that the app has chosen. Given as FUSEE_OWN it belongs to the guest, until
 * the guest gives it back or drops it, which calls the destructor.
 *
 * Resources of the component's: a `handle` that the app owns is good for calls, as FUSEE_OWN to give it away or as
 * FUSEE_BORROW to lend it, and has to be dropped. One that is lent to a callback is a number that only says which it is. */

wasm_trap_t *fusee_component_drop(fusee_component_instance_t *instance, const fusee_value_t *value);

#ifdef __cplusplus
}
#endif

#endif
