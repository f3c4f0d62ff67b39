/* Canonical Huffman codes: a generated text is counted, coded and decoded again, n times. The code's lengths come from
   a heap, and decoding needs no more than how many codes each length has. */
#include "workload.h"

#define LENGTH 2048
#define SYMBOLS 256
#define LONGEST 32

static uint8_t text[LENGTH], packed[LENGTH * 2], decoded[LENGTH], lengths[SYMBOLS], by_code[SYMBOLS];
static uint32_t weights[2 * SYMBOLS], codes[SYMBOLS], counts[LONGEST + 1];
static int heap[SYMBOLS], parents[2 * SYMBOLS], heap_size;

static void write_text(uint32_t seed) {
    static const char letters[] = "etaoin shrdlu\ncmfwypvbgkjqxz.,";
    uint32_t state = seed * 2 + 88675123u;
    for (int i = 0; i < LENGTH; i++) {
        uint32_t random = next_random(&state);
        uint32_t rare = (random >> 8 & 31) * (random >> 16 & 31) >> 5; /* small numbers are the likely ones */
        text[i] = (uint8_t)(random >> 24 == 0 ? random >> 5 : (uint32_t)letters[rare % 30]);
    }
}

/* Equal weights are told apart by their numbers, so that every compiler makes the same tree. */
static int is_lighter(int a, int b) { return weights[a] < weights[b] || (weights[a] == weights[b] && a < b); }

static void sink(int at) {
    int node = heap[at];
    for (int child; (child = 2 * at + 1) < heap_size; at = child) {
        if (child + 1 < heap_size && is_lighter(heap[child + 1], heap[child])) child++;
        if (!is_lighter(heap[child], node)) break;
        heap[at] = heap[child];
    }
    heap[at] = node;
}

static int pop(void) {
    int lightest = heap[0];
    heap[0] = heap[--heap_size];
    sink(0);
    return lightest;
}

static void find_lengths(void) {
    int nodes = SYMBOLS;
    heap_size = 0;
    for (int i = 0; i < SYMBOLS; i++) weights[i] = 0;
    for (int i = 0; i < LENGTH; i++) weights[text[i]]++;
    for (int i = 0; i < SYMBOLS; i++)
        if (weights[i]) heap[heap_size++] = i;
    for (int i = heap_size / 2; i-- > 0;) sink(i);
    for (; heap_size > 1; sink(0)) {
        int light = pop(), heavy = heap[0];
        weights[nodes] = weights[light] + weights[heavy];
        parents[light] = parents[heavy] = nodes;
        heap[0] = nodes++;
    }
    for (int i = 0; i < SYMBOLS; i++) {
        lengths[i] = 0;
        for (int node = i; weights[i] && node != nodes - 1; node = parents[node]) lengths[i]++;
    }
}

/* Codes of one length are consecutive numbers; those of the next begin behind them. */
static void assign_codes(void) {
    uint32_t code = 0, place = 0;
    for (uint32_t length = 1; length <= LONGEST; length++, code <<= 1) {
        counts[length] = 0;
        for (int i = 0; i < SYMBOLS; i++) {
            if (lengths[i] != length) continue;
            codes[i] = code++;
            by_code[place++] = (uint8_t)i;
            counts[length]++;
        }
    }
}

static uint32_t encode(void) {
    uint32_t bits = 0;
    for (int i = 0; i < LENGTH; i++)
        for (int left = lengths[text[i]]; left-- > 0; bits++) {
            if (bits % 8 == 0) packed[bits / 8] = 0;
            packed[bits / 8] |= (uint8_t)((codes[text[i]] >> left & 1) << (7 - bits % 8));
        }
    return bits;
}

static void decode(void) {
    uint32_t bit = 0;
    for (int i = 0; i < LENGTH; i++) {
        uint32_t code = 0, first = 0, place = 0, length = 0;
        do {
            first = (first + counts[length]) << 1;
            place += counts[length++];
            code = code << 1 | (packed[bit / 8] >> (7 - bit % 8) & 1u);
            bit++;
        } while (code - first >= counts[length]);
        decoded[i] = by_code[place + code - first];
    }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 0;
    for (uint32_t round = 0; round < n; round++) {
        write_text(round);
        find_lengths();
        assign_codes();
        sum = sum * 31 + encode();
        decode();
        for (int i = 0; i < LENGTH; i++) sum = sum * 31 + (decoded[i] == text[i] ? packed[i / 2] : 0);
    }
    return sum;
}
