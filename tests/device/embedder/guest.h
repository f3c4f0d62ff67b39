/* How a part of the embedder calls functions of WASI's as a guest would, by a component that passes its calls on. */

#include "check.h"
#include "fusee_component.h"

static inline fusee_value_t handle(uint32_t number) { return (fusee_value_t){.kind = FUSEE_U32, .of.u32 = number}; }
static inline fusee_value_t number(uint64_t number) { return (fusee_value_t){.kind = FUSEE_U64, .of.u64 = number}; }
static inline fusee_value_t flags(uint32_t flags) { return (fusee_value_t){.kind = FUSEE_FLAGS, .of.flags = flags}; }
static inline fusee_value_t bytes(const char *data, size_t size) {
    return (fusee_value_t){.kind = FUSEE_NUMBERS, .which = FUSEE_U8, .of.numbers = {size, (void *)data}};
}
static inline fusee_value_t path(const char *text, size_t size) {
    return (fusee_value_t){.kind = FUSEE_STRING, .of.string = {size, (char *)text}};
}
static inline fusee_value_t some(fusee_value_t *payload) {
    return (fusee_value_t){.kind = FUSEE_VARIANT, .which = FUSEE_SOME, .of.payload = {1, payload}};
}

static bool starved; /* nothing has to be right without memory, but nothing may be lost */

/* What a function gives, or NULL: then there is nothing to be deleted. */
static inline const fusee_value_t *call_plainly(fusee_component_instance_t *instance, const char *name,
    fusee_value_t *arguments, size_t count, fusee_value_t *result) {
    fusee_component_func_t *function = fusee_component_instance_func(instance, NULL, name);
    wasm_trap_t *trap = fusee_component_call(function, arguments, count, result);
    check(trap == NULL || starved, name);
    bool is_right = trap == NULL;
    wasm_trap_delete(trap);
    return is_right ? result : NULL;
}

/* What is in a `result` that is `ok`. */
static inline const fusee_value_t *call(fusee_component_instance_t *instance, const char *name,
    fusee_value_t *arguments, size_t count, fusee_value_t *result) {
    const fusee_value_t *found = call_plainly(instance, name, arguments, count, result);
    if (found == NULL || found->kind != FUSEE_VARIANT) return found;
    if (found->which == FUSEE_OK) return found->of.payload.data;
    check(starved, name);
    fusee_value_delete(result);
    return NULL;
}
