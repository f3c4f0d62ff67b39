/* An app with a component: values of its own and of the library's, traps, and what happens without memory. */

#include "check.h"
#include "components.h" /* the component, as bytes */
#include "fusee_component.h"
#include "greeter.h"

#define LOG "my:app/log@0.1"
#define GREETER_INTERFACE "my:app/greeter@0.1.0"

static size_t logged;

static wasm_trap_t *write_log(void *environment, fusee_value_t *args, size_t count, fusee_value_t *result) {
    (void)result;
    if (count == 1 && args[0].kind == FUSEE_STRING) *(size_t *)environment += args[0].of.string.size;
    return NULL;
}

static fusee_component_t *load(wasm_store_t *store, wasm_trap_t **trap) {
    wasm_byte_vec_t binary = {sizeof COMPONENT, (wasm_byte_t *)COMPONENT};
    return fusee_component_new(store, &binary, trap);
}

static fusee_value_t string(const char *text, size_t size) {
    fusee_value_t made = {.kind = FUSEE_STRING, .of.string = {size, (char *)text}};
    return made;
}

/* Fields of the app's own memory. */
static wasm_trap_t *describe(const fusee_component_func_t *function, size_t marks, bool has_mood, fusee_value_t *result) {
    static const uint32_t numbers[] = {7, 0xFFFFFFFF, 9};
    fusee_value_t mood = {.kind = FUSEE_ENUM, .which = GREETER_GREETER_MOOD_SAD};
    fusee_value_t fields[3] = {string("Fus\303\251e", 6)};
    fields[GREETER_GREETER_PERSON_MARKS] =
        (fusee_value_t){.kind = FUSEE_NUMBERS, .which = FUSEE_U32, .of.numbers = {marks, (void *)numbers}};
    fields[GREETER_GREETER_PERSON_MOOD] = (fusee_value_t){
        .kind = FUSEE_VARIANT, .which = has_mood ? FUSEE_SOME : FUSEE_NONE, .of.payload = {has_mood, &mood}};
    fusee_value_t person = {.kind = FUSEE_RECORD, .of.record = {3, fields}};
    return fusee_component_call(function, &person, 1, result);
}

static bool is_text(const fusee_value_t *value, const char *text, size_t size) {
    if (value->kind != FUSEE_STRING || value->of.string.size != size) return false;
    for (size_t i = 0; i < size; i++)
        if (value->of.string.data[i] != text[i]) return false;
    return true;
}

static void found(const fusee_value_t *result) {
    check(result->kind == FUSEE_VARIANT && result->which == FUSEE_OK && result->of.payload.size == 1, "it is ok");
    const fusee_value_t *list = result->of.payload.data;
    check(list->kind == FUSEE_LIST && list->of.list.size == 2, "two of them");
    const fusee_value_t *fields = list->of.list.data[0].of.record.data;
    check(is_text(&fields[GREETER_GREETER_PERSON_NAME], "Fus\303\251e", 6), "a name");
    const fusee_value_t *marks = &fields[GREETER_GREETER_PERSON_MARKS];
    check(marks->kind == FUSEE_NUMBERS && marks->which == FUSEE_U32 && marks->of.numbers.size == 3, "marks");
    check(((const uint32_t *)marks->of.numbers.data)[1] == 0xFFFFFFFF, "as they were");
    const fusee_value_t *mood = &fields[GREETER_GREETER_PERSON_MOOD];
    check(mood->which == FUSEE_SOME && mood->of.payload.data->kind == FUSEE_ENUM, "a mood");
    check(mood->of.payload.data->which == GREETER_GREETER_MOOD_SAD, "which is bad");
    fields = list->of.list.data[1].of.record.data;
    check(is_text(&fields[0], "F", 1) && fields[2].which == FUSEE_NONE && fields[2].of.payload.size == 0, "no mood");
}

static void calls(fusee_component_instance_t *instance) {
    fusee_component_func_t *function = fusee_component_instance_func(instance, GREETER_INTERFACE, "describe");
    check(function != NULL, "what it exports is found");
    check(fusee_component_instance_func(instance, NULL, "describe") == NULL, "and nothing else");
    fusee_value_t result;
    logged = 0;
    check(describe(function, 3, true, &result) == NULL && logged == 6, "it returns");
    found(&result);
    fusee_value_delete(&result);
    check(describe(function, 0, false, &result) == NULL, "it returns");
    check(result.which == FUSEE_ERR && is_text(result.of.payload.data, "Fus\303\251e", 6), "an error");
    fusee_value_delete(&result);
    check(describe(function, 0, false, NULL) == NULL, "nobody wants to know");
    function = fusee_component_instance_func(instance, NULL, "posts");
    check(fusee_component_call(function, NULL, 0, &result) == NULL, "it returns");
    check(result.kind == FUSEE_U32 && result.of.u32 == 3, "each call was followed by `post-return`");
}

static void stops(fusee_component_instance_t *instance) {
    fusee_component_func_t *function = fusee_component_instance_func(instance, NULL, "fail");
    fusee_value_t number = {.kind = FUSEE_F64, .of.f64 = 0.5}, result;
    wasm_trap_t *trap = fusee_component_call(function, &number, 1, &result);
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    check(message.size > 10 && message.data[0] == 'u' && message.data[10] == 'e', "it was `unreachable`");
    wasm_byte_vec_delete(&message);
    wasm_trap_delete(trap);
    trap = fusee_component_call(function, &number, 1, NULL);
    check(trap != NULL, "it cannot be entered again");
    wasm_trap_delete(trap);
}

static void own_values(void) {
    fusee_value_t list, moved;
    check(fusee_value_new_list(&list, 3), "a list");
    check(fusee_value_new_string(&list.of.list.data[0], 4, "text"), "of a string");
    check(fusee_value_new_variant(&list.of.list.data[1], FUSEE_OK, true), "a result");
    check(fusee_value_new_numbers(list.of.list.data[1].of.payload.data, FUSEE_F32, 5, NULL), "that is numbers");
    check(!fusee_value_new_numbers(&list.of.list.data[2], FUSEE_STRING, 5, NULL), "strings are none");
    check(!fusee_value_new_record(&list.of.list.data[2], SIZE_MAX / 4), "so many there are not");
    fusee_value_move(&moved, &list);
    check(list.kind == FUSEE_BOOL && moved.of.list.size == 3, "moved");
    fusee_value_delete(&list);
    fusee_value_delete(&moved);
}

static void in_order(void) {
    wasm_engine_t *engine = fusee_engine_new(platform());
    wasm_store_t *store = wasm_store_new(engine);
    wasm_trap_t *trap = NULL;
    fusee_component_t *component = load(store, &trap);
    check(component != NULL && trap == NULL, "it is loaded");
    check(fusee_component_instance_new(component, &trap) == NULL && trap != NULL, "it wants an import");
    wasm_trap_delete(trap);
    check(!fusee_component_define(component, LOG, "read", write_log, &logged), "but not this one");
    check(fusee_component_define(component, LOG, "write", write_log, &logged), "this one");
    fusee_component_instance_t *instance = fusee_component_instance_new(component, &trap);
    check(instance != NULL, "there is an instance");
    wasm_store_delete(store); /* in any order */
    wasm_engine_delete(engine);
    fusee_component_delete(component);
    calls(instance);
    stops(instance);
    own_values();
    fusee_component_instance_delete(instance);
}

static void live(wasm_engine_t *engine) {
    wasm_store_t *store = wasm_store_new(engine);
    fusee_component_t *component = load(store, NULL);
    fusee_component_define(component, LOG, "write", write_log, &logged);
    wasm_trap_t *trap = NULL;
    fusee_component_instance_t *instance = fusee_component_instance_new(component, &trap);
    wasm_trap_delete(trap);
    fusee_component_func_t *function = fusee_component_instance_func(instance, GREETER_INTERFACE, "describe");
    fusee_value_t result;
    trap = describe(function, 3, true, &result);
    if (trap == NULL) found(&result);
    fusee_value_delete(&result);
    wasm_trap_delete(trap);
    fusee_component_instance_delete(instance);
    fusee_component_delete(component);
    wasm_store_delete(store);
}

int use_components(void) {
    in_order();
    live_without_memory(live, 40);
    return failures;
}
