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
    static const fusee_platform_t table = {allocate, release, NULL, NULL, now, NULL, NULL, NULL, NULL, NULL, NULL};
    return &table;
}

/* What the library's default platform calls on a watch; elsewhere it has none, and the app defines one. */

#ifdef __APPLE__

void *calloc(size_t count, size_t size) { return allocate(count, size); }

void free(void *memory) { release(memory); }

static int last_error = 0;

int *__error(void) { return &last_error; }

static size_t no_such_descriptor(void) {
    last_error = 9;
    return (size_t)-1;
}

size_t read(int descriptor, void *into, size_t size) {
    (void)into, (void)size;
    return descriptor == 0 ? 0 : no_such_descriptor();
}

size_t write(int descriptor, const void *data, size_t size) {
    if (descriptor != 1) return no_such_descriptor();
    size_t part = size > 5 ? 5 : size; /* as a pipe may */
    say(data, part);
    return part;
}

int clock_gettime(int clock, long time[2]) {
    uint64_t nanoseconds = now(0);
    time[0] = (clock == 0 ? 1700000000 : 0) + (long)(nanoseconds / 1000000000);
    time[1] = (long)(nanoseconds % 1000000000);
    return clock != 0 && clock != 6 && clock != 12 && clock != 16;
}

void arc4random_buf(void *into, size_t size) {
    for (size_t i = 0; i < size; i++) ((unsigned char *)into)[i] = (unsigned char)(i * 41 + 1);
}

/* There is one thread: who sleeps does so to the end. */

int pthread_mutex_init(void *mutex, const void *attributes) { return (void)mutex, (void)attributes, 0; }

int pthread_cond_init(void *condition, const void *attributes) { return (void)condition, (void)attributes, 0; }

int pthread_mutex_lock(void *mutex) { return (void)mutex, 0; }

int pthread_mutex_unlock(void *mutex) { return (void)mutex, 0; }

int pthread_cond_broadcast(void *condition) { return (void)condition, 0; }

int pthread_cond_timedwait_relative_np(void *condition, void *mutex, const long time[2]) {
    (void)condition, (void)mutex;
    ticks += (uint64_t)time[0] * 1000000000 + (uint64_t)time[1];
    return 60;
}

/* Nor is there another one that calls back. */

static void (*timer)(void *context) = NULL;
static void *timer_context;

uint64_t dispatch_time(uint64_t when, int64_t delta) { return when + (uint64_t)delta; }

void *dispatch_get_global_queue(intptr_t identifier, uintptr_t flags) {
    static int queue;
    return identifier == 0x19 && flags == 0 ? &queue : NULL;
}

void dispatch_after_f(uint64_t when, void *queue, void *context, void (*work)(void *context)) {
    if (when != 0 && queue != NULL) timer = work;
    timer_context = context;
}

void go_off(void) {
    if (timer != NULL) timer(timer_context);
}

#else

void go_off(void) {}

static uint64_t any_clock(uint32_t clock) { return clock > 3 ? 0 : now(clock) + (clock == 0 ? 1700000000ull * 1000000000 : 0); }

static uint32_t fill(uint8_t *into, size_t size) {
    for (size_t i = 0; i < size; i++) into[i] = (uint8_t)(i * 41 + 1);
    return 0;
}

static uint32_t read_nothing(uint32_t descriptor, uint8_t *into, size_t size, size_t *count) {
    (void)into, (void)size, (void)count;
    return descriptor == 0 ? 0 : 8;
}

static uint32_t write_out(uint32_t descriptor, const uint8_t *data, size_t size) {
    if (descriptor != 1) return 8;
    say((const char *)data, size);
    return 0;
}

bool fusee_default_platform(fusee_platform_t *out) {
    out->allocate = allocate;
    out->release = release;
    out->clock = any_clock;
    out->random = fill;
    out->read = read_nothing;
    out->write = write_out;
    return true;
}

#endif

void say(const char *text, size_t size) {
    for (size_t i = 0; i < size && output_size < OUTPUT_BYTES - 1; i++) output[output_size++] = text[i];
}

const char *said(void) { return output; }
