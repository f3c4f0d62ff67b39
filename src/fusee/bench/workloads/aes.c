/* AES with keys of 128 bits (FIPS 197) in counter mode (NIST SP 800-38A): a text is encrypted, n times, each time with
   another key. The S-box is computed, columns are mixed byte by byte. */
#include "workload.h"

#define ROUNDS 10
#define BLOCK 16
#define LENGTH 1024

static uint8_t sbox[256], keys[(ROUNDS + 1) * BLOCK], text[LENGTH];

static uint8_t xtime(uint8_t x) { return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b); }

static uint8_t rotated(uint8_t x, int by) { return (uint8_t)(x << by | x >> (8 - by)); }

static uint8_t multiply(uint8_t a, uint8_t b) {
    uint8_t product = 0;
    for (; b; b >>= 1, a = xtime(a))
        if (b & 1) product ^= a;
    return product;
}

/* The inverse in the field is the power 254; after it comes the affine map. */
static void make_sbox(void) {
    for (int i = 0; i < 256; i++) {
        uint8_t power = (uint8_t)i, inverse = 1;
        for (int bit = 1; bit < 8; bit++) {
            power = multiply(power, power);
            inverse = multiply(inverse, power);
        }
        uint8_t turned = rotated(inverse, 1) ^ rotated(inverse, 2) ^ rotated(inverse, 3) ^ rotated(inverse, 4);
        sbox[i] = inverse ^ turned ^ 0x63;
    }
}

static void expand_key(const uint8_t *key) {
    uint8_t constant = 1;
    for (int i = 0; i < BLOCK; i++) keys[i] = key[i];
    for (int at = BLOCK; at < (ROUNDS + 1) * BLOCK; at += 4) {
        uint8_t word[4] = {keys[at - 4], keys[at - 3], keys[at - 2], keys[at - 1]};
        if (at % BLOCK == 0) {
            uint8_t first = word[0];
            word[0] = sbox[word[1]] ^ constant;
            word[1] = sbox[word[2]];
            word[2] = sbox[word[3]];
            word[3] = sbox[first];
            constant = xtime(constant);
        }
        for (int i = 0; i < 4; i++) keys[at + i] = keys[at + i - BLOCK] ^ word[i];
    }
}

static void add_key(uint8_t *state, int round) {
    for (int i = 0; i < BLOCK; i++) state[i] ^= keys[round * BLOCK + i];
}

/* SubBytes and ShiftRows at once: row r of a column is from r columns further. */
static void substitute_and_shift(uint8_t *state) {
    uint8_t old[BLOCK];
    for (int i = 0; i < BLOCK; i++) old[i] = sbox[state[i]];
    for (int i = 0; i < BLOCK; i++) state[i] = old[(i + 4 * (i & 3)) % BLOCK];
}

static void mix_columns(uint8_t *state) {
    for (uint8_t *column = state; column < state + BLOCK; column += 4) {
        uint8_t first = column[0], all = column[0] ^ column[1] ^ column[2] ^ column[3];
        for (int i = 0; i < 4; i++) column[i] ^= all ^ xtime(column[i] ^ (i == 3 ? first : column[i + 1]));
    }
}

static void encrypt(uint8_t *state) {
    add_key(state, 0);
    for (int round = 1; round < ROUNDS; round++) {
        substitute_and_shift(state);
        mix_columns(state);
        add_key(state, round);
    }
    substitute_and_shift(state);
    add_key(state, ROUNDS);
}

static void apply_stream(uint32_t nonce) {
    for (uint32_t at = 0; at < LENGTH; at += BLOCK) {
        uint8_t block[BLOCK] = {0};
        for (int i = 0; i < 4; i++) {
            block[i] = (uint8_t)(nonce >> 8 * i);
            block[BLOCK - 1 - i] = (uint8_t)(at / BLOCK >> 8 * i);
        }
        encrypt(block);
        for (int i = 0; i < BLOCK; i++) text[at + (uint32_t)i] ^= block[i];
    }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 2463534242u, sum = 2166136261u;
    make_sbox();
    for (int i = 0; i < LENGTH; i++) text[i] = (uint8_t)(i * 7);
    for (uint32_t round = 0; round < n; round++) {
        uint8_t key[BLOCK];
        for (int i = 0; i < BLOCK; i++) key[i] = (uint8_t)(next_random(&state) >> 11);
        expand_key(key);
        apply_stream(round);
        for (int i = 0; i < LENGTH; i++) sum = (sum ^ text[i]) * 16777619u;
    }
    return sum;
}
