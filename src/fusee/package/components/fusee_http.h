/* fusee_http.h: HTTP of WASI 0.2 for components on devices, in libraries whose components import `wasi:http`. */

#ifndef FUSEE_HTTP_H
#define FUSEE_HTTP_H

#include "fusee_component.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The library has all of `wasi:http/types` and `outgoing-handler`, and calls `incoming-handler`: what guests make and read,
 * which texts are allowed, limits. The app sends the requests, by whatever it has for that, `URLSession` for example. It is
 * told of them step by step:
 *
 *   send       a request begins; the app chooses a number for it
 *   write      more of its body, any number of times; all of it is taken
 *   finish     the request is complete, which the app is told of each, also without a body
 *   response   the guest wants the response: its status, and its fields by `fusee_http_fields_add`; once
 *   read       some of the response's body; a count of 0 is its end
 *   trailers   after that, if there are any
 *   close      nobody wants to know more, whatever has happened before but a `send` that has failed; if not all is sent or
 *              has come, it breaks off
 *
 * The texts and fields are there until the function returns. Functions give 0, or one of the errors below, with which the request
 * has failed; and any of them may be NULL. A guest without `send` is told that its requests are denied: which of them are
 * sent is the app's to decide, by FUSEE_HTTP_REQUEST_DENIED.
 *
 * `ready` says whether `response`, `read` or `write` would answer at once. Without it they are called at once and wait, and
 * guests do one thing after the other. With it guests can wait for several things, also with a timer; while nothing
 * is ready they sleep by the platform's `wait`, until `fusee_http_wake` tells, from whatever thread, that something may have
 * changed. All other functions are called in the guest's thread only. */

typedef struct fusee_http_field_t {
    const char *name; /* not zero-terminated */
    size_t name_size;
    const uint8_t *value;
    size_t value_size;
} fusee_http_field_t;

typedef struct fusee_http_request_t {
    const char *method; /* "GET"; not zero-terminated */
    size_t method_size;
    const char *url; /* with `http:` or `https:`, and without a user; not zero-terminated */
    size_t url_size;
    const fusee_http_field_t *fields; /* without those of the connection, `Host` for one; in any case of letters */
    size_t field_count;
    uint64_t length;          /* of the body, as `content-length` says; 0 without one; UINT64_MAX: not known */
    uint64_t connect_timeout; /* in nanoseconds; UINT64_MAX: as the app likes */
    uint64_t first_byte_timeout;
    uint64_t between_bytes_timeout;
} fusee_http_request_t;

typedef struct fusee_http_fields_t fusee_http_fields_t;

/* One more field of a response, or trailer; names are copied in small letters. False if it is none, if they are more than
 * 128 KiB or there is no memory; those of the connection are left out, which is no failure. */

bool fusee_http_fields_add(
    fusee_http_fields_t *fields, const char *name, size_t name_size, const uint8_t *value, size_t value_size);

enum { FUSEE_HTTP_RESPONSE = 0, FUSEE_HTTP_READ = 1, FUSEE_HTTP_WRITE = 2 }; /* what `ready` is asked about */

typedef struct fusee_http_response_t {
    const fusee_http_field_t *fields;
    size_t field_count;
    uint64_t length; /* of the body, as of a request */
    uint32_t status;
} fusee_http_response_t;

typedef struct fusee_http_t {
    void *environment;
    uint32_t (*send)(void *environment, const fusee_http_request_t *request, uint32_t *number);
    uint32_t (*write)(void *environment, uint32_t number, const uint8_t *data, size_t size);
    uint32_t (*finish)(
        void *environment, uint32_t number, const fusee_http_field_t *trailers, size_t trailer_count);
    uint32_t (*response)(void *environment, uint32_t number, uint32_t *status, fusee_http_fields_t *fields);
    uint32_t (*read)(void *environment, uint32_t number, uint8_t *into, size_t size, size_t *count);
    uint32_t (*trailers)(void *environment, uint32_t number, fusee_http_fields_t *fields);
    uint32_t (*ready)(void *environment, uint32_t number, uint32_t what); /* 0: not yet */
    void (*close)(void *environment, uint32_t number);
    uint32_t (*answer)(void *environment, uint32_t number, uint32_t error, const fusee_http_response_t *response);
} fusee_http_t;

/* Before an instance is made; beside `fusee_component_use_wasi`, which the streams of bodies need, and before or after it.
 * The table is copied. A component's guests have at most 64 requests at once, and 16 MiB of fields, texts and bodies that are
 * not sent yet. False if there is no memory. */

bool fusee_component_use_http(fusee_component_t *component, const fusee_http_t *http);

/* Requests to the component, which exports `wasi:http/incoming-handler`: the guest answers one, which the app knows by a number.
 * Of `request` method, URL (also one that begins with its path) and fields count, the host of which is in the URL. It is
 * read with `read`, `trailers` and `ready`; what the guest says comes with
 *
 *   answer     its response, or NULL and one of the errors below; once, or never
 *   write      and so on, as for a request
 *   finish     the response is complete
 *   close      nothing more comes, for each request once; without `finish` the response breaks off
 *
 * NULL if the guest has returned: all has been said then, but `close` may come only with the end of the instance, if the guest
 * keeps what belongs to the request. Otherwise the trap, also for a request that is none: `close` has been called then, unless the
 * component has no such function or was not given HTTP. */

wasm_trap_t *fusee_http_handle(
    fusee_component_instance_t *instance, const fusee_http_request_t *request, uint32_t number);

void fusee_http_wake(wasm_store_t *store); /* while the store lives */

/* The cases of `error-code`, and 1. */

enum {
    FUSEE_HTTP_DNS_TIMEOUT = 1, FUSEE_HTTP_DNS_ERROR, FUSEE_HTTP_DESTINATION_NOT_FOUND,
    FUSEE_HTTP_DESTINATION_UNAVAILABLE, FUSEE_HTTP_DESTINATION_IP_PROHIBITED, FUSEE_HTTP_DESTINATION_IP_UNROUTABLE,
    FUSEE_HTTP_CONNECTION_REFUSED, FUSEE_HTTP_CONNECTION_TERMINATED, FUSEE_HTTP_CONNECTION_TIMEOUT,
    FUSEE_HTTP_CONNECTION_READ_TIMEOUT, FUSEE_HTTP_CONNECTION_WRITE_TIMEOUT, FUSEE_HTTP_CONNECTION_LIMIT_REACHED,
    FUSEE_HTTP_TLS_PROTOCOL_ERROR, FUSEE_HTTP_TLS_CERTIFICATE_ERROR, FUSEE_HTTP_TLS_ALERT_RECEIVED,
    FUSEE_HTTP_REQUEST_DENIED, FUSEE_HTTP_REQUEST_LENGTH_REQUIRED, FUSEE_HTTP_REQUEST_BODY_SIZE,
    FUSEE_HTTP_REQUEST_METHOD_INVALID, FUSEE_HTTP_REQUEST_URI_INVALID, FUSEE_HTTP_REQUEST_URI_TOO_LONG,
    FUSEE_HTTP_REQUEST_HEADER_SECTION_SIZE, FUSEE_HTTP_REQUEST_HEADER_SIZE, FUSEE_HTTP_REQUEST_TRAILER_SECTION_SIZE,
    FUSEE_HTTP_REQUEST_TRAILER_SIZE, FUSEE_HTTP_RESPONSE_INCOMPLETE, FUSEE_HTTP_RESPONSE_HEADER_SECTION_SIZE,
    FUSEE_HTTP_RESPONSE_HEADER_SIZE, FUSEE_HTTP_RESPONSE_BODY_SIZE, FUSEE_HTTP_RESPONSE_TRAILER_SECTION_SIZE,
    FUSEE_HTTP_RESPONSE_TRAILER_SIZE, FUSEE_HTTP_RESPONSE_TRANSFER_CODING, FUSEE_HTTP_RESPONSE_CONTENT_CODING,
    FUSEE_HTTP_RESPONSE_TIMEOUT, FUSEE_HTTP_UPGRADE_FAILED, FUSEE_HTTP_PROTOCOL_ERROR, FUSEE_HTTP_LOOP_DETECTED,
    FUSEE_HTTP_CONFIGURATION_ERROR, FUSEE_HTTP_INTERNAL_ERROR
};

#ifdef __cplusplus
}
#endif

#endif
