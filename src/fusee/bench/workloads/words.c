/* Counts words: a generated text is split at blanks and counted in a hash map of strings, n times. */
#include "workload.h"

#define TEXT_SIZE 32768
#define BUCKETS 1024
#define ENTRIES 4096

typedef struct Entry {
    struct Entry *next;
    const char *word;
    uint32_t length, count;
} Entry;

static char text[TEXT_SIZE];
static Entry entries[ENTRIES];
static Entry *buckets[BUCKETS];
static uint32_t entries_used;

static void write_text(void) {
    uint32_t state = 123456789u;
    for (uint32_t i = 0; i < TEXT_SIZE; i++) {
        uint32_t random = next_random(&state) >> 16;
        text[i] = random % 4 == 0 ? ' ' : (char)('a' + random / 4 % 6);
    }
}

static int equal(const char *a, const char *b, uint32_t length) {
    for (uint32_t i = 0; i < length; i++)
        if (a[i] != b[i]) return 0;
    return 1;
}

static void count_word(const char *word, uint32_t length) {
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)word[i]) * 16777619u;
    Entry **bucket = &buckets[(hash ^ hash >> 16) % BUCKETS];
    for (Entry *entry = *bucket; entry; entry = entry->next)
        if (entry->length == length && equal(entry->word, word, length)) {
            entry->count++;
            return;
        }
    if (entries_used == ENTRIES) return;
    Entry *entry = &entries[entries_used++];
    *entry = (Entry){*bucket, word, length, 1};
    *bucket = entry;
}

static void count_words(void) {
    for (uint32_t start = 0, i = 0; i < TEXT_SIZE; i++)
        if (text[i] == ' ') {
            if (i > start) count_word(text + start, i - start);
            start = i + 1;
        }
}

WORKLOAD uint32_t run(uint32_t n) {
    write_text();
    for (uint32_t i = 0; i < n; i++) count_words();
    uint32_t sum = entries_used;
    for (uint32_t i = 0; i < entries_used; i++) sum = sum * 31 + entries[i].count * entries[i].length;
    return sum;
}
