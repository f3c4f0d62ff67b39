/* Modular exponentiation of numbers of 512 bits, by Montgomery's multiplication: limbs of 32 bits, products of 64; n
   exponentiations in a row, each with the result of the last as its base. */
#include "workload.h"

#define LIMBS 16
#define WINDOW 4
#define EXPONENT_BITS 64

typedef struct {
    uint32_t limb[LIMBS];
} Number;

static Number modulus, square_of_r;
static uint32_t inverse; /* -1 / modulus, modulo 2^32 */

static int is_less(const Number *a, const Number *b) {
    for (int i = LIMBS; i-- > 0;)
        if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i];
    return 0;
}

static void subtract(Number *a, const Number *b) {
    uint64_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint64_t difference = (uint64_t)a->limb[i] - b->limb[i] - borrow;
        a->limb[i] = (uint32_t)difference;
        borrow = difference >> 63;
    }
}

/* Twice the number, modulo the modulus, which uses the uppermost bit. */
static void double_modulo(Number *a) {
    uint32_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint32_t limb = a->limb[i];
        a->limb[i] = limb << 1 | carry;
        carry = limb >> 31;
    }
    if (carry || !is_less(a, &modulus)) subtract(a, &modulus);
}

/* a * b / 2^512: each limb of `a` is multiplied in, then what makes the lowest limb vanish is added. */
static void multiply(Number *result, const Number *a, const Number *b) {
    uint32_t sum[LIMBS + 2] = {0};
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (int k = 0; k < LIMBS; k++) {
            carry += (uint64_t)a->limb[i] * b->limb[k] + sum[k];
            sum[k] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += sum[LIMBS];
        sum[LIMBS] = (uint32_t)carry;
        sum[LIMBS + 1] = (uint32_t)(carry >> 32);
        uint32_t factor = sum[0] * inverse;
        carry = ((uint64_t)factor * modulus.limb[0] + sum[0]) >> 32;
        for (int k = 1; k < LIMBS; k++) {
            carry += (uint64_t)factor * modulus.limb[k] + sum[k];
            sum[k - 1] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += sum[LIMBS];
        sum[LIMBS - 1] = (uint32_t)carry;
        sum[LIMBS] = sum[LIMBS + 1] + (uint32_t)(carry >> 32);
    }
    for (int i = 0; i < LIMBS; i++) result->limb[i] = sum[i];
    if (sum[LIMBS] || !is_less(result, &modulus)) subtract(result, &modulus);
}

static void choose_modulus(void) {
    uint32_t state = 362436069u;
    for (int i = 0; i < LIMBS; i++) modulus.limb[i] = next_random(&state);
    modulus.limb[0] |= 1;
    modulus.limb[LIMBS - 1] |= 0x80000000u;
    uint32_t guess = 1; /* Newton's method doubles the bits that are right */
    for (int i = 0; i < 5; i++) guess *= 2 - modulus.limb[0] * guess;
    inverse = -guess;
    square_of_r = (Number){{1}};
    for (int i = 0; i < 2 * 32 * LIMBS; i++) double_modulo(&square_of_r);
}

/* Four bits of the exponent at once, from a table of the first sixteen powers. */
static void power(Number *base, uint64_t exponent) {
    Number powers[1 << WINDOW], one = {{1}}, result;
    multiply(&powers[0], &one, &square_of_r);
    multiply(&powers[1], base, &square_of_r);
    for (int i = 2; i < 1 << WINDOW; i++) multiply(&powers[i], &powers[i - 1], &powers[1]);
    result = powers[0];
    for (int at = EXPONENT_BITS - WINDOW; at >= 0; at -= WINDOW) {
        for (int i = 0; i < WINDOW; i++) multiply(&result, &result, &result);
        multiply(&result, &result, &powers[exponent >> at & ((1 << WINDOW) - 1)]);
    }
    multiply(base, &result, &one);
}

WORKLOAD uint32_t run(uint32_t n) {
    uint64_t exponent = 0x9e3779b97f4a7c15u;
    uint32_t sum = 0;
    Number number = {{7}};
    choose_modulus();
    for (uint32_t round = 0; round < n; round++) {
        power(&number, exponent);
        exponent = exponent * 6364136223846793005u + 1442695040888963407u;
        for (int i = 0; i < LIMBS; i++) sum = sum * 31 + number.limb[i];
    }
    return sum;
}
