/* CRC-32 of 64 KiB by the usual 256-entry table, n times, each run feeding the next. */
#include "workload.h"

#define SIZE 65536

static uint32_t table[256];
static uint8_t data[SIZE];

static void prepare(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xEDB88320u ^ (crc >> 1) : crc >> 1;
        table[i] = crc;
    }
    uint32_t state = 2463534242u;
    for (uint32_t i = 0; i < SIZE; i++) data[i] = (uint8_t)next_random(&state);
}

WORKLOAD uint32_t run(uint32_t n) {
    prepare();
    uint32_t crc = 0xFFFFFFFFu;
    for (uint32_t round = 0; round < n; round++)
        for (uint32_t i = 0; i < SIZE; i++) crc = table[(crc ^ data[i]) & 0xFF] ^ (crc >> 8);
    return ~crc;
}
