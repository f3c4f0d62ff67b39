/* A tracker-music player: n rows of a song of six channels, instruments resampled, effects once a tick, stereo out. */
#include "workload.h"

#define CHANNELS 6
#define ROWS 32
#define PATTERNS 4
#define TICKS 6
#define FRAMES 147 /* per tick: 44100 Hz would have 882, 7350 Hz is enough to test an interpreter */
#define RATE 7350
#define SAMPLE_LENGTH 1024
#define INSTRUMENTS 4
#define CLOCK 3546895 /* periods are counted in these, as on the Amiga */

enum Effect { NONE, ARPEGGIO, SLIDE_UP, SLIDE_DOWN, TO_NOTE, VIBRATO, VOLUME_SLIDE, SET_VOLUME, RETRIGGER, EFFECTS };

typedef struct {
    uint8_t note, instrument, effect, parameter; /* note 0: none */
} Cell;

typedef struct {
    const int8_t *sample;
    uint32_t position, step; /* 16.16 fixed point */
    int32_t period, target, played_period;
    int32_t volume, pan, vibrato;
    uint8_t note;
    Cell cell;
} Channel;

static Cell patterns[PATTERNS][ROWS][CHANNELS];
static const uint8_t order[] = {0, 1, 0, 2, 3, 1, 3, 2};
static int8_t samples[INSTRUMENTS][SAMPLE_LENGTH + 1];
static Channel channels[CHANNELS];
static int32_t mix[2 * FRAMES];

/* Three octaves; each semitone divides the period by the twelfth root of two. */
static const uint16_t periods[36] = {
    856, 808, 762, 720, 678, 640, 604, 570, 538, 508, 480, 453, 428, 404, 381, 360, 339, 320,
    302, 285, 269, 254, 240, 226, 214, 202, 190, 180, 170, 160, 151, 143, 135, 127, 120, 113};

static const int8_t wave[32] = {0,  12,  24,  35,  45,  53,  59,  63,  64,  63,  59,  53,  45,  35,  24,  12,
                                0, -12, -24, -35, -45, -53, -59, -63, -64, -63, -59, -53, -45, -35, -24, -12};

static int32_t clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

static void make_samples(void) {
    uint32_t noise = 2891336453u;
    for (int i = 0; i < SAMPLE_LENGTH; i++) {
        samples[0][i] = (int8_t)(2 * wave[i & 31] - 1);
        samples[1][i] = (int8_t)((i & 63) * 4 - 128);
        samples[2][i] = (int8_t)(i & 32 ? 100 : -100);
        samples[3][i] = (int8_t)((int32_t)(next_random(&noise) >> 24) * (SAMPLE_LENGTH - i) / (2 * SAMPLE_LENGTH));
    }
    for (int i = 0; i < INSTRUMENTS; i++) samples[i][SAMPLE_LENGTH] = samples[i][0];
}

static void compose(void) {
    static const uint8_t scale[7] = {0, 2, 4, 5, 7, 9, 11};
    uint32_t state = 4021u;
    for (int p = 0; p < PATTERNS; p++)
        for (int row = 0; row < ROWS; row++)
            for (int c = 0; c < CHANNELS; c++) {
                uint32_t r = next_random(&state) >> 4;
                Cell *cell = &patterns[p][row][c];
                int plays = (r & 3) == 0 || row % 8 == c;
                cell->note = (uint8_t)(plays ? 1 + scale[(r >> 2) % 7] + 12 * (uint32_t)(c % 3) : 0);
                cell->instrument = (uint8_t)((c + (r >> 5 & 1)) % INSTRUMENTS);
                cell->effect = (uint8_t)((r >> 8) % EFFECTS);
                cell->parameter = (uint8_t)(r >> 16);
            }
}

static void set_period(Channel *channel, int32_t period) {
    if (period == channel->played_period) return;
    channel->played_period = period;
    channel->step = (uint32_t)(((uint64_t)(CLOCK / 4) << 16) / (uint32_t)period / RATE);
}

static void start_row(Channel *channel, Cell cell) {
    channel->cell = cell;
    if (cell.note) {
        channel->note = (uint8_t)(cell.note - 1);
        channel->target = periods[channel->note];
        if (cell.effect != TO_NOTE || channel->period == 0) {
            channel->period = channel->target;
            channel->position = 0;
            channel->sample = samples[cell.instrument];
        }
        channel->volume = 48;
    }
    if (cell.effect == SET_VOLUME) channel->volume = cell.parameter & 63;
    if (channel->period) set_period(channel, channel->period);
}

static int32_t arpeggio_period(const Channel *channel, int tick) {
    int steps[3] = {0, channel->cell.parameter >> 4, channel->cell.parameter & 15};
    int note = channel->note + steps[tick % 3];
    return periods[note > 35 ? 35 : note];
}

static void apply_effect(Channel *channel, int tick) {
    int32_t amount = channel->cell.parameter & 15, heard = 0;
    switch (channel->cell.effect) {
    case ARPEGGIO: heard = arpeggio_period(channel, tick); break;
    case SLIDE_UP: channel->period = clamp(channel->period - amount, 113, 856); break;
    case SLIDE_DOWN: channel->period = clamp(channel->period + amount, 113, 856); break;
    case TO_NOTE:
        channel->period += clamp(channel->target - channel->period, -2 * amount, 2 * amount);
        break;
    case VIBRATO:
        channel->vibrato += channel->cell.parameter >> 4;
        heard = channel->period + wave[channel->vibrato & 31] * amount / 64;
        break;
    case VOLUME_SLIDE:
        channel->volume = clamp(channel->volume + (channel->cell.parameter >> 4) - amount, 0, 64);
        break;
    case RETRIGGER:
        if (tick % (amount + 1) == 0) channel->position = 0;
        break;
    default: break;
    }
    set_period(channel, heard ? heard : channel->period);
}

static void mix_channel(Channel *channel) {
    int32_t left = channel->volume * (64 - channel->pan), right = channel->volume * channel->pan;
    uint32_t position = channel->position;
    for (int i = 0; i < 2 * FRAMES; i += 2) {
        const int8_t *at = channel->sample + (position >> 16);
        int32_t fraction = (int32_t)(position & 0xffff);
        int32_t value = at[0] * 256 + ((at[1] - at[0]) * fraction >> 8);
        mix[i] += value * left >> 12;
        mix[i + 1] += value * right >> 12;
        position = (position + channel->step) & ((SAMPLE_LENGTH << 16) - 1);
    }
    channel->position = position;
}

static uint32_t play_tick(uint32_t sum, int tick) {
    for (int i = 0; i < 2 * FRAMES; i++) mix[i] = 0;
    for (int c = 0; c < CHANNELS; c++) {
        if (channels[c].period == 0) continue;
        if (tick) apply_effect(&channels[c], tick);
        if (channels[c].volume) mix_channel(&channels[c]);
    }
    for (int i = 0; i < 2 * FRAMES; i++) sum = sum * 31 + (uint16_t)clamp(mix[i], -32768, 32767);
    return sum;
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 0;
    make_samples();
    compose();
    for (int c = 0; c < CHANNELS; c++) channels[c] = (Channel){.sample = samples[0], .pan = 8 + 10 * c};
    for (uint32_t row = 0; row < n; row++) {
        uint32_t pattern = order[row / ROWS % sizeof order];
        for (int c = 0; c < CHANNELS; c++) start_row(&channels[c], patterns[pattern][row % ROWS][c]);
        for (int tick = 0; tick < TICKS; tick++) sum = play_tick(sum, tick);
    }
    return sum;
}
