/* An audio chain on blocks of 256 samples, n blocks: oscillators mixed, three biquads, a spectrum by FFT, 16-bit output. */
#include "workload.h"

#define BLOCK 256
#define VOICES 4
#define FILTERS 3
#define PI 3.14159265358979323846

typedef struct {
    float b0, b1, b2, a1, a2; /* the filter, normalised so that a0 = 1 */
    float z1, z2;             /* its state, transposed direct form II */
} Biquad;

typedef struct {
    float phase, step, gain, pan;
} Voice;

static Voice voices[VOICES] = {
    {0.00f, 0.0101f, 0.30f, 0.2f}, {0.25f, 0.0151f, 0.25f, 0.8f}, {0.50f, 0.0202f, 0.20f, 0.5f}, {0.75f, 0.0371f, 0.15f, 0.6f}};
static Biquad filters[2][FILTERS];
static float mix[2][BLOCK], real[BLOCK], imaginary[BLOCK];
static float cosines[BLOCK / 2], sines[BLOCK / 2];
static int16_t output[2 * BLOCK];

/* Taylor's series, good to a few units in the last place within [-pi, pi]. */
static double sine(double x) {
    double term = x, sum = x;
    for (int i = 1; i < 12; i++) {
        term *= -x * x / (double)(2 * i * (2 * i + 1));
        sum += term;
    }
    return sum;
}

/* A low pass with quality 1/2 at a fraction of the sample rate: poles real and equal. */
static Biquad low_pass(double frequency) {
    double s = sine(PI * frequency), c = sine(PI / 2 - PI * frequency), k = s / c;
    double norm = 1 / (1 + 2 * k + k * k);
    float b = (float)(k * k * norm);
    return (Biquad){b, 2 * b, b, (float)(2 * (k * k - 1) * norm), (float)((1 - 2 * k + k * k) * norm), 0, 0};
}

static void prepare(void) {
    for (int i = 0; i < BLOCK / 2; i++) {
        cosines[i] = (float)sine(PI / 2 - 2 * PI * i / BLOCK);
        sines[i] = (float)-sine(2 * PI * i / BLOCK);
    }
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < FILTERS; i++) filters[side][i] = low_pass(0.05 + 0.08 * i + 0.01 * side);
}

/* Sawtooths, rounded by a cubic. */
static void mix_voices(void) {
    for (int i = 0; i < BLOCK; i++) mix[0][i] = mix[1][i] = 0;
    for (int v = 0; v < VOICES; v++) {
        Voice *voice = &voices[v];
        float left = voice->gain * (1 - voice->pan), right = voice->gain * voice->pan;
        for (int i = 0; i < BLOCK; i++) {
            float x = 2 * voice->phase - 1, sample = x * (1.5f - 0.5f * x * x);
            mix[0][i] += left * sample;
            mix[1][i] += right * sample;
            voice->phase += voice->step;
            if (voice->phase >= 1) voice->phase -= 1;
        }
    }
}

static void filter(Biquad *f, float *samples) {
    for (int i = 0; i < BLOCK; i++) {
        float x = samples[i], y = f->b0 * x + f->z1;
        f->z1 = f->b1 * x - f->a1 * y + f->z2;
        f->z2 = f->b2 * x - f->a2 * y;
        samples[i] = y;
    }
}

static void swap(float *a, float *b) {
    float t = *a;
    *a = *b;
    *b = t;
}

/* Radix 2, in place, decimation in time. */
static void transform(void) {
    for (int i = 1, k = 0; i < BLOCK; i++) {
        int bit = BLOCK >> 1;
        for (; k & bit; bit >>= 1) k ^= bit;
        k ^= bit;
        if (i < k) swap(&real[i], &real[k]), swap(&imaginary[i], &imaginary[k]);
    }
    for (int half = 1, stride = BLOCK / 2; half < BLOCK; half *= 2, stride /= 2)
        for (int start = 0; start < BLOCK; start += 2 * half)
            for (int i = 0; i < half; i++) {
                int low = start + i, high = low + half;
                float c = cosines[i * stride], s = sines[i * stride];
                float re = real[high] * c - imaginary[high] * s, im = real[high] * s + imaginary[high] * c;
                real[high] = real[low] - re;
                imaginary[high] = imaginary[low] - im;
                real[low] += re;
                imaginary[low] += im;
            }
}

static uint32_t loudest_bin(void) {
    uint32_t best = 0;
    float most = -1;
    for (uint32_t i = 1; i < BLOCK / 2; i++) {
        float power = real[i] * real[i] + imaginary[i] * imaginary[i];
        if (power > most) most = power, best = i;
    }
    return best;
}

static int16_t to_16_bits(float sample) {
    float scaled = sample * 32767.0f;
    return (int16_t)(scaled > 32767.0f ? 32767.0f : scaled < -32768.0f ? -32768.0f : scaled);
}

static uint32_t play_block(uint32_t sum) {
    mix_voices();
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < FILTERS; i++) filter(&filters[side][i], mix[side]);
    for (int i = 0; i < BLOCK; i++) {
        real[i] = mix[0][i] + mix[1][i];
        imaginary[i] = 0;
        output[2 * i] = to_16_bits(mix[0][i]);
        output[2 * i + 1] = to_16_bits(mix[1][i]);
    }
    transform();
    for (int i = 0; i < 2 * BLOCK; i += 17) sum = sum * 31 + (uint16_t)output[i];
    return sum * 31 + loudest_bin();
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 0;
    prepare();
    for (uint32_t i = 0; i < n; i++) sum = play_block(sum);
    return sum;
}
