/* An app that sends the requests of a component of WASI 0.2: to itself, and it answers with what was sent. */

#include "fusee_http.h"
#include "guest.h"
#include "http.h" /* the component, as bytes */

static uint8_t content[64];
static size_t size_of_content, read_so_far;
static long open_requests;
static int not_yet; /* so often is nothing ready */
static bool is_complete;

static bool is_text(const void *found, size_t size, const char *expected) {
    const char *letters = found;
    for (size_t i = 0; i < size; i++)
        if (expected[i] == 0 || letters[i] != expected[i]) return false;
    return expected[size] == 0;
}

static bool is_field(const fusee_http_field_t *field, const char *name, const char *value) {
    return is_text(field->name, field->name_size, name) && is_text(field->value, field->value_size, value);
}

static uint32_t send_request(void *environment, const fusee_http_request_t *request, uint32_t *number) {
    if (request->method_size == 3) return FUSEE_HTTP_REQUEST_DENIED; /* GET */
    check(environment == content, "the environment");
    check(is_text(request->method, request->method_size, "POST"), "the method");
    check(is_text(request->url, request->url_size, "http://a.org/p?q"), "the URL");
    check(request->field_count == 1 && is_field(request->fields, "x", "1"), "the fields");
    check(request->length == UINT64_MAX && request->connect_timeout == UINT64_MAX, "what is not known");
    check(request->first_byte_timeout == 9 && request->between_bytes_timeout == UINT64_MAX, "the timeout");
    size_of_content = read_so_far = 0;
    is_complete = false;
    not_yet = 3;
    open_requests++;
    *number = 7;
    return 0;
}

static uint32_t write_body(void *environment, uint32_t number, const uint8_t *data, size_t size) {
    (void)environment;
    check(number == 7 && !is_complete && size <= sizeof content - size_of_content, "what is written");
    for (size_t i = 0; i < size; i++) content[size_of_content++] = data[i];
    return 0;
}

static uint32_t finish_request(
    void *environment, uint32_t number, const fusee_http_field_t *trailers, size_t trailer_count) {
    (void)environment;
    check(number == 7 && !is_complete && trailer_count == 1 && is_field(trailers, "x", "1"), "its end");
    is_complete = true;
    return 0;
}

static bool add(fusee_http_fields_t *fields, const char *name, size_t size, const char *value, size_t value_size) {
    return fusee_http_fields_add(fields, name, size, (const uint8_t *)value, value_size);
}

static uint32_t give_response(void *environment, uint32_t number, uint32_t *status, fusee_http_fields_t *fields) {
    (void)environment;
    check(number == 7 && is_complete, "when a response is wanted");
    *status = 201;
    check(!add(fields, "a b", 3, "", 0) && !add(fields, "", 0, "", 0) && !add(fields, NULL, 1, "", 0), "names");
    check(!add(fields, "a", 1, "b\r\nc: d", 7) && !add(fields, "a", 1, NULL, 1), "values");
    check(add(fields, "Host", 4, "a", 1), "what is left out is no failure");
    check(add(fields, "X-Y", 3, "2", 1) || starved, "a field");
    return 0;
}

static uint32_t read_body(void *environment, uint32_t number, uint8_t *into, size_t size, size_t *count) {
    (void)environment;
    check(number == 7, "which is read");
    for (*count = 0; *count < size && *count < 4 && read_so_far < size_of_content; (*count)++)
        into[*count] = content[read_so_far++];
    return 0;
}

static uint32_t give_trailers(void *environment, uint32_t number, fusee_http_fields_t *fields) {
    (void)environment;
    check(number == 7 && read_so_far == size_of_content, "when trailers are wanted");
    check(add(fields, "T", 1, "3", 1) || starved, "a trailer");
    return 0;
}

static uint32_t is_ready(void *environment, uint32_t number, uint32_t what) {
    (void)environment;
    check(number == 7 && what <= FUSEE_HTTP_WRITE, "what is asked about");
    if (what != FUSEE_HTTP_RESPONSE || not_yet == 0) return 1;
    not_yet--;
    return 0;
}

static void close_request(void *environment, uint32_t number) {
    (void)environment;
    check(number == 7, "which is closed");
    open_requests--;
}

/* The guest. Each of these gives a handle, or 0 if there was no memory. */

#define TYPES "http-types-"
#define REQUEST TYPES "outgoing-request"

static uint32_t made(fusee_component_instance_t *instance, const char *name, fusee_value_t *arguments, size_t count) {
    fusee_value_t result;
    const fusee_value_t *found = call(instance, name, arguments, count, &result);
    if (found == NULL) return 0;
    check(found->kind == FUSEE_U32, name);
    uint32_t number = found->of.u32;
    fusee_value_delete(&result);
    return number;
}

static uint32_t new_fields(fusee_component_instance_t *instance) {
    fusee_value_t pair[] = {path("x", 1), bytes("1", 1)};
    fusee_value_t field = {.kind = FUSEE_RECORD, .of.record = {2, pair}};
    fusee_value_t list = {.kind = FUSEE_LIST, .of.list = {1, &field}};
    return made(instance, TYPES "fields-from-list", &list, 1);
}

static bool set(fusee_component_instance_t *instance, const char *name, uint32_t self, fusee_value_t value) {
    fusee_value_t result, arguments[] = {handle(self), value};
    bool is_set = call_plainly(instance, name, arguments, 2, &result) != NULL && result.which == FUSEE_OK;
    fusee_value_delete(&result);
    check(is_set || starved, name);
    return is_set;
}

static uint32_t new_request(fusee_component_instance_t *instance, uint32_t method) {
    fusee_value_t fields = handle(new_fields(instance));
    uint32_t request = fields.of.u32 == 0 ? 0 : made(instance, REQUEST, &fields, 1);
    fusee_value_t authority = path("a.org", 5), target = path("/p?q", 4), http = {.kind = FUSEE_VARIANT};
    bool is_complete_ = request != 0 && set(instance, REQUEST "-set-authority", request, some(&authority)) &&
        set(instance, REQUEST "-set-path-with-query", request, some(&target)) &&
        set(instance, REQUEST "-set-scheme", request, some(&http)) &&
        set(instance, REQUEST "-set-method", request, (fusee_value_t){.kind = FUSEE_VARIANT, .which = method});
    return is_complete_ ? request : 0;
}

static uint32_t send_it(fusee_component_instance_t *instance, uint32_t request) {
    uint32_t options = made(instance, TYPES "request-options", NULL, 0);
    fusee_value_t nanoseconds = number(9), given = handle(options);
    if (options == 0) return 0;
    if (!set(instance, TYPES "request-options-set-first-byte-timeout", options, some(&nanoseconds))) return 0;
    fusee_value_t arguments[] = {handle(request), some(&given)};
    return made(instance, "http-outgoing-handler-handle", arguments, 2);
}

static bool write_and_finish(fusee_component_instance_t *instance, uint32_t body) {
    fusee_value_t result, self = handle(body);
    fusee_value_t stream = handle(made(instance, TYPES "outgoing-body-write", &self, 1));
    if (stream.of.u32 == 0) return false;
    if (!set(instance, "io-streams-output-stream-blocking-write-and-flush", stream.of.u32, bytes("hello", 5)))
        return false;
    if (call(instance, "end-output-stream", &stream, 1, &result) == NULL) return false;
    fusee_value_t trailers = handle(new_fields(instance));
    return trailers.of.u32 != 0 && set(instance, TYPES "outgoing-body-finish", body, some(&trailers));
}

/* A handle in an option of a result of a result. */
static const fusee_value_t *got(fusee_component_instance_t *instance, const char *name, uint32_t self,
    fusee_value_t *result) {
    fusee_value_t given = handle(self);
    const fusee_value_t *found = call_plainly(instance, name, &given, 1, result);
    if (found != NULL && found->which == FUSEE_SOME && found->of.payload.data->which == FUSEE_OK) {
        found = found->of.payload.data->of.payload.data;
        if (found->which == FUSEE_OK) return found->of.payload.data;
    }
    check(starved, name);
    fusee_value_delete(result);
    return NULL;
}

static uint32_t response_of(fusee_component_instance_t *instance, uint32_t future) {
    fusee_value_t result, self = handle(future);
    if (call_plainly(instance, TYPES "future-incoming-response-get", &self, 1, &result) == NULL) return 0;
    check(result.which == FUSEE_NONE || starved, "nothing has come yet");
    bool is_over = result.which != FUSEE_NONE; /* without memory for trailers */
    fusee_value_delete(&result);
    if (is_over) return 0;
    fusee_value_t pollable = handle(made(instance, TYPES "future-incoming-response-subscribe", &self, 1));
    if (pollable.of.u32 == 0 || call_plainly(instance, "io-poll-pollable-block", &pollable, 1, &result) == NULL) return 0;
    check(not_yet == 0 || starved, "it was asked until something has");
    const fusee_value_t *found = got(instance, TYPES "future-incoming-response-get", future, &result);
    uint32_t number = found == NULL ? 0 : found->of.u32;
    if (found != NULL) fusee_value_delete(&result);
    return number;
}

static void read_all(fusee_component_instance_t *instance, uint32_t response) {
    fusee_value_t result, self = handle(response);
    if (call_plainly(instance, TYPES "incoming-response-status", &self, 1, &result) == NULL) return;
    check(result.of.u16 == 201, "the status");
    fusee_value_t body = handle(made(instance, TYPES "incoming-response-consume", &self, 1));
    if (body.of.u32 == 0) return;
    fusee_value_t stream = handle(made(instance, TYPES "incoming-body-stream", &body, 1));
    if (stream.of.u32 == 0) return;
    fusee_value_t reading[] = {stream, number(100)};
    size_t size = 0;
    for (int i = 0; i < 2; i++) { /* four bytes, and one */
        const fusee_value_t *found = call(instance, "io-streams-input-stream-blocking-read", reading, 2, &result);
        if (found == NULL) return;
        size += found->of.numbers.size;
        fusee_value_delete(&result);
    }
    check(size == 5, "all of it");
    if (call_plainly(instance, "io-streams-input-stream-blocking-read", reading, 2, &result) == NULL) return;
    check(result.which == FUSEE_ERR || starved, "the end");
    fusee_value_delete(&result);
    if (call(instance, "end-input-stream", &stream, 1, &result) == NULL) return;
    uint32_t future = made(instance, TYPES "incoming-body-finish", &body, 1);
    const fusee_value_t *found = future == 0 ? NULL : got(instance, TYPES "future-trailers-get", future, &result);
    if (found == NULL) return;
    check((found->which == FUSEE_SOME && found->of.payload.data->of.u32 != 0) || starved, "there are trailers");
    fusee_value_delete(&result);
}

static void be_denied(fusee_component_instance_t *instance) {
    uint32_t request = new_request(instance, 0);
    if (request == 0) return;
    fusee_value_t result, arguments[] = {handle(request), {.kind = FUSEE_VARIANT, .which = FUSEE_NONE}};
    const fusee_value_t *found = call_plainly(instance, "http-outgoing-handler-handle", arguments, 2, &result);
    if (found == NULL) return;
    bool is_denied = found->which == FUSEE_ERR && found->of.payload.data->which == FUSEE_HTTP_REQUEST_DENIED - 1;
    check(is_denied || starved, "it is denied");
    fusee_value_delete(&result);
}

static void exchange(fusee_component_instance_t *instance) {
    uint32_t request = new_request(instance, 2);
    fusee_value_t self = handle(request);
    uint32_t body = request == 0 ? 0 : made(instance, REQUEST "-body", &self, 1);
    uint32_t future = body == 0 ? 0 : send_it(instance, request);
    if (future == 0 || !write_and_finish(instance, body)) return;
    uint32_t response = response_of(instance, future);
    if (response != 0) read_all(instance, response);
}

/* Another guest answers requests of the app's. */

static bool is_answered;

static uint32_t take_answer(
    void *environment, uint32_t number, uint32_t error, const fusee_http_response_t *response) {
    (void)environment;
    check(number == 7 && error == 0 && !is_answered, "an answer");
    check(response->status == 200 && response->field_count == 0 && response->length == UINT64_MAX, "what it is");
    size_of_content = 0;
    is_answered = true;
    return 0;
}

static uint32_t finish_answer(
    void *environment, uint32_t number, const fusee_http_field_t *trailers, size_t trailer_count) {
    (void)environment;
    (void)trailers;
    check(number == 7 && is_answered && trailer_count == 0, "its end");
    check(is_text(content, size_of_content, "hello from a component") || starved, "all of it");
    is_complete = true;
    return 0;
}

static void answer(wasm_store_t *store) {
    static const fusee_http_t http = {.environment = content, .write = write_body, .finish = finish_answer,
        .close = close_request, .answer = take_answer};
    wasm_byte_vec_t binary = {sizeof ANSWERS, (wasm_byte_t *)ANSWERS};
    fusee_component_t *component = fusee_component_new(store, &binary, NULL);
    bool is_given = fusee_component_use_http(component, &http);
    check(is_given || starved, "the other one is given HTTP");
    fusee_component_use_wasi(component);
    fusee_component_instance_t *instance = fusee_component_instance_new(component, NULL);
    fusee_component_delete(component);
    fusee_http_field_t field = {"x", 1, (const uint8_t *)"1", 1};
    fusee_http_request_t request = {"GET", 3, "http://a.org/p?q", 16, &field, 1, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    is_complete = is_answered = false;
    if (is_given && instance != NULL) {
        open_requests++;
        wasm_trap_t *trap = fusee_http_handle(instance, &request, 7);
        check((trap == NULL && is_complete) || starved, "it is answered");
        check(trap == NULL || open_requests == 0 || starved, "a trap closes it");
        wasm_trap_delete(trap);
    }
    fusee_component_instance_delete(instance);
}

static void live(wasm_engine_t *engine) {
    static const fusee_http_t http = {.environment = content, .send = send_request, .write = write_body,
        .finish = finish_request, .response = give_response, .read = read_body, .trailers = give_trailers,
        .ready = is_ready, .close = close_request};
    wasm_store_t *store = wasm_store_new(engine);
    fusee_wasi_t *wasi = fusee_wasi_new();
    if (store != NULL && wasi != NULL) fusee_store_set_wasi(store, wasi);
    else fusee_wasi_delete(wasi);
    answer(store);
    check(open_requests == 0, "every request to the guest was closed");
    wasm_byte_vec_t binary = {sizeof REQUESTS, (wasm_byte_t *)REQUESTS};
    fusee_component_t *component = fusee_component_new(store, &binary, NULL);
    check(fusee_component_use_http(component, &http) || starved, "the component is given HTTP");
    fusee_component_use_wasi(component);
    fusee_component_instance_t *instance = fusee_component_instance_new(component, NULL);
    fusee_component_delete(component);
    be_denied(instance);
    exchange(instance);
    fusee_component_instance_delete(instance);
    check(open_requests == 0, "every request was closed");
    wasm_store_delete(store);
}

int use_http(void) {
    check(!fusee_component_use_http(NULL, NULL), "there has to be a component");
    wasm_trap_delete(fusee_http_handle(NULL, NULL, 0));
    fusee_http_wake(NULL);
    starved = false;
    wasm_engine_t *engine = fusee_engine_new(platform());
    live(engine);
    wasm_engine_delete(engine);
    starved = true;
    live_without_memory(live, 40);
    return failures;
}
