/* The embedders on a machine without a system: memory, clock and output are arrays and counters here. */

#include "platform.h"

enum { POOL_BYTES = 1 << 24, OUTPUT_BYTES = 1 << 14, CLASSES = 32 };

struct block { /* in lists of free ones by the logarithm of their size */
    struct block *next;
    uint32_t log2;
    uint32_t unused;
};

static _Alignas(16) unsigned char pool[POOL_BYTES];
static size_t taken = 0;
static struct block *free_blocks[CLASSES];
static long live = 0;
static long until_failure = 0;
static bool failed = false;
static char output[OUTPUT_BYTES];
static size_t output_size = 0;
static uint64_t ticks = 0;

void fail_allocation(long number) {
    until_failure = number;
    failed = false;
}

bool has_failed(void) { return failed; }

long live_blocks(void) { return live; }

static void *allocate(size_t count, size_t size) {
    if (until_failure > 0 && --until_failure == 0) {
        failed = true;
        return NULL;
    }
    uint64_t wanted = (uint64_t)count * size + 16;
    uint32_t log2 = 5;
    while (log2 < CLASSES - 1 && (uint64_t)1 << log2 < wanted) log2++;
    struct block *block = free_blocks[log2];
    if (block != NULL) {
        free_blocks[log2] = block->next;
    } else {
        if (((uint64_t)1 << log2) < wanted || ((uint64_t)1 << log2) > POOL_BYTES - taken) return NULL;
        block = (struct block *)(pool + taken);
        taken += (size_t)1 << log2;
    }
    block->log2 = log2;
    unsigned char *memory = (unsigned char *)block + 16;
    for (uint64_t i = 0; i < wanted - 16; i++) memory[i] = 0;
    live++;
    return memory;
}

static void release(void *memory) {
    if (memory == NULL) return;
    struct block *block = (struct block *)((unsigned char *)memory - 16);
    block->next = free_blocks[block->log2];
    free_blocks[block->log2] = block;
    live--;
}

static uint64_t now(uint32_t clock) {
    (void)clock;
    return ticks += 100000;
}

const fusee_platform_t *platform(void) {
    static const fusee_platform_t table = {allocate, release, NULL, NULL, now, NULL, NULL, NULL};
    return &table;
}

void say(const char *text, size_t size) {
    for (size_t i = 0; i < size && output_size < OUTPUT_BYTES - 1; i++) output[output_size++] = text[i];
}

const char *said(void) { return output; }
