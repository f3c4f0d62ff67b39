// Threads by POSIX's interface: a bounded queue with a mutex and two condition variables, a barrier between rounds, once,
// thread-local variables, timed waiting, and results by join. Prints the same on every system.
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WORKERS = 4, ITEMS = 2000, ROOM = 8, ROUNDS = 5 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint32_t queue[ROOM];
static int count, first, is_over, made_once;
static uint64_t shared_sum;
static _Thread_local uint64_t own_sum;

static void make_once(void) { made_once++; }

static void put(uint32_t item) {
    pthread_mutex_lock(&lock);
    while (count == ROOM) pthread_cond_wait(&emptied, &lock);
    queue[(first + count++) % ROOM] = item;
    pthread_cond_signal(&filled);
    pthread_mutex_unlock(&lock);
}

static int get(uint32_t *item) {
    pthread_mutex_lock(&lock);
    while (count == 0 && !is_over) pthread_cond_wait(&filled, &lock);
    int is_there = count != 0;
    if (is_there) {
        *item = queue[first];
        first = (first + 1) % ROOM;
        count--;
        pthread_cond_signal(&emptied);
    }
    pthread_mutex_unlock(&lock);
    return is_there;
}

static uint32_t mix(uint32_t x) {
    for (int i = 0; i < 50; i++) x = x * 1664525u + 1013904223u;
    return x;
}

static void *work(void *argument) {
    uint32_t item;
    pthread_once(&once, make_once);
    while (get(&item)) {
        char *room = malloc(1 + item % 5000);  // memory grows while others run
        room[item % 5000] = (char)item;
        own_sum += mix(item) + (uint32_t)(room[item % 5000] & 1);
        free(room);
    }
    for (int round = 0; round < ROUNDS; round++) {
        pthread_mutex_lock(&lock);
        shared_sum += (uint64_t)(uintptr_t)argument * (round + 1);
        pthread_mutex_unlock(&lock);
        pthread_barrier_wait(&barrier);
        if (shared_sum != (uint64_t)(round + 1) * (round + 2) / 2 * (WORKERS * (WORKERS + 1) / 2)) return NULL;
        pthread_barrier_wait(&barrier);
    }
    uint64_t *result = malloc(sizeof *result);
    *result = own_sum;
    return result;
}

static int wait_in_vain(void) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20000000;
    if (until.tv_nsec >= 1000000000) until.tv_nsec -= 1000000000, until.tv_sec++;
    pthread_mutex_lock(&lock);
    int error = 0;
    while (error == 0) error = pthread_cond_timedwait(&filled, &lock, &until);
    pthread_mutex_unlock(&lock);
    return error;
}

int main(void) {
    pthread_t threads[WORKERS];
    uint64_t total = 0;
    pthread_barrier_init(&barrier, NULL, WORKERS);
    for (uintptr_t i = 0; i < WORKERS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(i + 1)) != 0) return 1;
    for (uint32_t item = 0; item < ITEMS; item++) put(item);
    pthread_mutex_lock(&lock);
    is_over = 1;
    pthread_cond_broadcast(&filled);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < WORKERS; i++) {
        void *result;
        if (pthread_join(threads[i], &result) != 0 || result == NULL) return 2;
        total += *(uint64_t *)result;
    }
    printf("%d items: %llu\n", ITEMS, (unsigned long long)total);
    printf("once %d, own %llu, shared %llu\n", made_once, (unsigned long long)own_sum, (unsigned long long)shared_sum);
    printf("timed out: %s\n", wait_in_vain() == ETIMEDOUT ? "yes" : "no");
    return 0;
}
