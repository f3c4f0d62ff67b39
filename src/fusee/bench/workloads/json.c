/* Parses a JSON document with a switch-driven recursive reader, n times: unpredictable branches on bytes. */
#include "workload.h"

#define SIZE 16384

static char document[SIZE + 512];
static const char *cursor;

static char *append(char *out, const char *text) {
    while (*text) *out++ = *text++;
    return out;
}

static char *append_number(char *out, uint32_t value) {
    char digits[10];
    int length = 0;
    do digits[length++] = (char)('0' + value % 10);
    while (value /= 10);
    while (length) *out++ = digits[--length];
    return out;
}

static void write_document(void) {
    uint32_t state = 42;
    char *out = append(document, "[");
    while (out < document + SIZE) {
        out = append_number(append(out, "{\"id\": "), next_random(&state) >> 12);
        out = append(out, next_random(&state) & 64 ? ", \"on\": true" : ", \"on\": null");
        out = append(out, ", \"name\": \"fus\\u00e9e \\\"quoted\\\"\", \"list\": [");
        out = append_number(out, next_random(&state) >> 24);
        out = append_number(append(out, ", -"), next_random(&state) >> 28);
        out = append(out, ".25e2, [ ], {}], \"end\": false},\n  ");
    }
    *append(out, "0]") = 0;
}

static void skip_blanks(void) {
    while (*cursor == ' ' || *cursor == '\n' || *cursor == '\t' || *cursor == '\r') cursor++;
}

static uint32_t read_string(void) {
    uint32_t sum = 5381;
    for (cursor++; *cursor != '"'; cursor++) {
        if (*cursor == '\\') cursor++;
        sum = sum * 33 ^ (uint8_t)*cursor;
    }
    cursor++;
    return sum;
}

static uint32_t read_number(void) {
    uint32_t sum = 0;
    for (;; cursor++) switch (*cursor) {
        case '0': case '1': case '2': case '3': case '4':
        case '5': case '6': case '7': case '8': case '9':
            sum = sum * 10 + (uint32_t)(*cursor - '0');
            break;
        case '-': case '+': case '.': case 'e': case 'E':
            sum += 7;
            break;
        default:
            return sum;
        }
}

static uint32_t read_value(void);

static uint32_t read_sequence(char end, int has_keys) {
    uint32_t sum = 1;
    cursor++;
    skip_blanks();
    while (*cursor != end) {
        if (has_keys) {
            sum = sum * 31 + read_string();
            skip_blanks();
            cursor++; /* the colon */
        }
        sum = sum * 31 + read_value();
        skip_blanks();
        if (*cursor == ',') cursor++;
        skip_blanks();
    }
    cursor++;
    return sum;
}

static uint32_t read_value(void) {
    skip_blanks();
    switch (*cursor) {
    case '{': return read_sequence('}', 1);
    case '[': return read_sequence(']', 0);
    case '"': return read_string();
    case 't': case 'n': cursor += 4; return 3;
    case 'f': cursor += 5; return 5;
    default: return read_number();
    }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 0;
    write_document();
    for (uint32_t i = 0; i < n; i++) {
        cursor = document;
        sum = sum * 31 + read_value();
    }
    return sum;
}
