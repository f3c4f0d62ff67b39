/* Follows a chain of 64-bit pointers through a 64-bit memory in random order, n rounds of 16384 steps. */
#include "workload.h"

#define NODES 16384

typedef struct Node {
    struct Node *next;
    uint64_t value;
} Node;

static Node nodes[NODES];
static uint32_t sequence[NODES];

/* Sattolo's shuffle: one cycle through all nodes. */
static void link_nodes(void) {
    uint32_t state = 2463534242u;
    for (uint32_t i = 0; i < NODES; i++) sequence[i] = i;
    for (uint32_t i = NODES - 1; i > 0; i--) {
        uint32_t k = next_random(&state) % i, moved = sequence[i];
        sequence[i] = sequence[k];
        sequence[k] = moved;
    }
    for (uint32_t i = 0; i < NODES; i++) {
        nodes[i].next = &nodes[sequence[i]];
        nodes[i].value = (uint64_t)next_random(&state) << 20 ^ i;
    }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint64_t sum = n;
    Node *node = nodes;
    link_nodes();
    for (uint32_t round = 0; round < n; round++)
        for (uint32_t i = 0; i < NODES; i++) {
            sum = (sum ^ node->value) * 3;
            node->value += sum >> 40;
            node = node->next;
        }
    return (uint32_t)(sum ^ sum >> 32);
}
