/* Dictionary compression: a generated text is packed into literals and matches, unpacked and compared, n times. */
#include "workload.h"

#define SIZE 16384
#define HASHES 4096
#define SHORTEST 4
#define LONGEST 130
#define TRIES 8

/* A token below 128 says how many literals follow, less one; the others are a match: length, distance (two bytes). */
static uint8_t text[SIZE], packed[SIZE + SIZE / 64], unpacked[SIZE];
static int32_t heads[HASHES], chain[SIZE];

static uint32_t append(uint32_t at, const char *word) {
    while (*word && at < SIZE) text[at++] = (uint8_t)*word++;
    return at;
}

static void write_text(uint32_t seed) {
    static const char *const words[16] = {"the ", "watch ", "spring", "ing ", "escapement ", "wheel", "s ", "of ",
                                          "barrel ", "turn", "ed ", "chain, ", "and ", "fusee. ", "balance ", "tooth "};
    uint32_t state = 362436069u + seed * 2;
    for (uint32_t at = 0; at < SIZE;) {
        uint32_t random = next_random(&state) >> 8;
        at = append(at, words[random & 15]);
        if ((random & 0x700) == 0 && at < SIZE) text[at++] = (uint8_t)('0' + (random >> 12) % 10);
    }
}

static uint32_t hash_at(uint32_t at) {
    uint32_t four = text[at] | (uint32_t)text[at + 1] << 8 | (uint32_t)text[at + 2] << 16 | (uint32_t)text[at + 3] << 24;
    return four * 2654435761u >> 20;
}

static uint32_t match_length(uint32_t a, uint32_t b) {
    uint32_t length = 0;
    while (length < LONGEST && b + length < SIZE && text[a + length] == text[b + length]) length++;
    return length;
}

/* The longest of the last few places that began with the same four bytes. */
static uint32_t find_match(uint32_t at, uint32_t *place) {
    uint32_t best = 0;
    int32_t candidate = heads[hash_at(at)];
    for (int i = 0; i < TRIES && candidate >= 0; i++, candidate = chain[candidate]) {
        uint32_t length = match_length((uint32_t)candidate, at);
        if (length > best) best = length, *place = (uint32_t)candidate;
    }
    return best;
}

static void remember(uint32_t at) {
    uint32_t hash = hash_at(at);
    chain[at] = heads[hash];
    heads[hash] = (int32_t)at;
}

static uint32_t put_literals(uint32_t out, uint32_t from, uint32_t to) {
    while (from < to) {
        uint32_t count = to - from < 128 ? to - from : 128;
        packed[out++] = (uint8_t)(count - 1);
        while (count--) packed[out++] = text[from++];
    }
    return out;
}

static uint32_t pack(void) {
    uint32_t out = 0, literals = 0, at = 0;
    for (int i = 0; i < HASHES; i++) heads[i] = -1;
    while (at + SHORTEST <= SIZE) {
        uint32_t place = 0, length = find_match(at, &place);
        if (length < SHORTEST) {
            remember(at++);
            continue;
        }
        out = put_literals(out, literals, at);
        packed[out++] = (uint8_t)(128 + length - SHORTEST);
        packed[out++] = (uint8_t)(at - place);
        packed[out++] = (uint8_t)((at - place) >> 8);
        for (uint32_t end = at + length; at < end; at++)
            if (at + SHORTEST <= SIZE) remember(at);
        literals = at;
    }
    return put_literals(out, literals, SIZE);
}

static void unpack(uint32_t size) {
    uint32_t out = 0;
    for (uint32_t in = 0; in < size;) {
        uint32_t token = packed[in++];
        if (token < 128) {
            for (uint32_t i = 0; i <= token; i++) unpacked[out++] = packed[in++];
        } else {
            uint32_t distance = packed[in] | (uint32_t)packed[in + 1] << 8;
            in += 2;
            for (uint32_t end = out + token - 128 + SHORTEST; out < end; out++) unpacked[out] = unpacked[out - distance];
        }
    }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        write_text(i);
        uint32_t size = pack(), wrong = 0;
        unpack(size);
        for (uint32_t k = 0; k < SIZE; k++) wrong += text[k] != unpacked[k];
        sum = sum * 31 + size + wrong * 65537;
        for (uint32_t k = 0; k < size; k += 7) sum = sum * 31 + packed[k];
    }
    return sum;
}
