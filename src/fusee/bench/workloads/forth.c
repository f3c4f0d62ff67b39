/* A small Forth inside WebAssembly: its programs are compiled to cells and run by an inner interpreter, n times. */
#include "workload.h"

#define CELLS 4096
#define DEPTH 256
#define WORDS 64

enum Operation {
    LITERAL, CALL, EXIT, BRANCH, BRANCH_IF_ZERO, START_DO, LOOP, INDEX, ADD, SUBTRACT, MULTIPLY, DIVIDE, REMAINDER, LESS,
    EQUAL, AND, XOR, DUPLICATE, DROP, SWAP, OVER, FETCH, STORE
};

typedef struct {
    const char *name;
    uint32_t operation;
    int32_t operand; /* of CALL: where the word's cells begin; of LITERAL: the value */
} Word;

/* A word that acts while others are compiled. */
typedef struct {
    const char *name;
    void (*act)(void);
} Keyword;

static const Word primitives[] = {
    {"+", ADD, 0},       {"-", SUBTRACT, 0}, {"*", MULTIPLY, 0}, {"/", DIVIDE, 0},      {"mod", REMAINDER, 0}, {"<", LESS, 0},
    {"=", EQUAL, 0},     {"and", AND, 0},    {"xor", XOR, 0},    {"dup", DUPLICATE, 0}, {"drop", DROP, 0},     {"swap", SWAP, 0},
    {"over", OVER, 0},   {"i", INDEX, 0},    {"@", FETCH, 0},    {"!", STORE, 0},       {"exit", EXIT, 0},
};

static const char program[] =
    "array flags 400 "
    ": fib dup 2 < if exit then dup 1 - recurse swap 2 - recurse + ; "
    ": gcd begin dup while swap over mod repeat drop ; "
    ": collatz 0 swap begin dup 1 - while dup 1 and if 3 * 1 + else 2 / then swap 1 + swap repeat drop ; "
    ": strike dup dup * begin dup 400 < while 0 over flags + ! over + repeat drop drop ; "
    ": primes 400 0 do 1 flags i + ! loop 20 2 do flags i + @ if i strike then loop 0 400 2 do flags i + @ + loop ; "
    ": sums 0 40 1 do 30 1 do i 7 * 91 gcd + loop loop ; "
    ": main 13 fib 0 40 1 do i collatz + loop + primes xor sums + ; ";

static int32_t cells[CELLS], data[DEPTH], returns[DEPTH], open[DEPTH];
static Word words[WORDS];
static int32_t cell_count, word_count, open_count;
static const char *cursor;

static int is_name(const char *name, const char *text) {
    while (*name && *name == *text) name++, text++;
    return *name == 0 && (*text == ' ' || *text == 0);
}

static int32_t read_number(const char *text) {
    int32_t value = 0;
    while (*text >= '0' && *text <= '9') value = value * 10 + (*text++ - '0');
    return value;
}

/* The name that comes next in the program; empty at its end. */
static const char *next_name(void) {
    while (*cursor == ' ') cursor++;
    const char *name = cursor;
    while (*cursor && *cursor != ' ') cursor++;
    return name;
}

static void emit(int32_t cell) { cells[cell_count++] = cell; }

static void emit_with(uint32_t operation, int32_t operand) {
    emit((int32_t)operation);
    emit(operand);
}

/* Names stay where they are in the program's text, so a copy ends each with a zero. */
static char names[CELLS];
static int32_t name_count;

static void define(uint32_t operation, int32_t operand) {
    const char *name = next_name();
    words[word_count++] = (Word){&names[name_count], operation, operand};
    while (name < cursor) names[name_count++] = *name++;
    names[name_count++] = 0;
}

static void begin_word(void) { define(CALL, cell_count); }
static void end_word(void) { emit(EXIT); }
static void call_itself(void) { emit_with(CALL, words[word_count - 1].operand); }

static void define_array(void) {
    define(LITERAL, cell_count);
    cell_count += read_number(next_name());
}

static void open_hole(uint32_t operation) {
    emit_with(operation, 0);
    open[open_count++] = cell_count - 1;
}

static void close_hole(void) { cells[open[--open_count]] = cell_count; }
static void begin_if(void) { open_hole(BRANCH_IF_ZERO); }

static void turn_to_else(void) {
    int32_t hole = open[--open_count];
    open_hole(BRANCH);
    cells[hole] = cell_count;
}

static void mark_begin(void) { open[open_count++] = cell_count; }

static void end_repeat(void) {
    int32_t hole = open[--open_count];
    emit_with(BRANCH, open[--open_count]);
    cells[hole] = cell_count;
}

static void begin_do(void) {
    emit(START_DO);
    mark_begin();
}

static void end_do(void) { emit_with(LOOP, open[--open_count]); }

static const Keyword keywords[] = {
    {":", begin_word}, {";", end_word},      {"recurse", call_itself}, {"array", define_array}, {"if", begin_if},
    {"then", close_hole}, {"else", turn_to_else}, {"begin", mark_begin}, {"while", begin_if},   {"repeat", end_repeat},
    {"do", begin_do},  {"loop", end_do},
};

static int compile_keyword(const char *name) {
    for (uint32_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (is_name(keywords[i].name, name)) {
            keywords[i].act();
            return 1;
        }
    return 0;
}

static void compile_name(const char *name) {
    if (compile_keyword(name)) return;
    for (int32_t i = word_count; i-- > 0;)
        if (is_name(words[i].name, name)) {
            emit((int32_t)words[i].operation);
            if (words[i].operation == CALL || words[i].operation == LITERAL) emit(words[i].operand);
            return;
        }
    emit_with(LITERAL, read_number(name));
}

/* Compiles the program anew; where its last word begins is where it starts. */
static int32_t compile(void) {
    cell_count = word_count = open_count = name_count = 0;
    for (uint32_t i = 0; i < sizeof primitives / sizeof *primitives; i++) words[word_count++] = primitives[i];
    cursor = program;
    for (const char *name = next_name(); *name; name = next_name()) compile_name(name);
    return words[word_count - 1].operand;
}

/* The inner interpreter: until the first word returns, which leaves its result on the data stack. */
static int32_t execute(int32_t start) {
    const int32_t *next = cells + start;
    int32_t *top = data, *frame = returns; /* both point at the uppermost item */
    *++frame = -1;
    for (;;) switch (*next++) {
        case LITERAL: *++top = *next++; break;
        case CALL:
            *++frame = (int32_t)(next + 1 - cells);
            next = cells + *next;
            break;
        case EXIT: {
            int32_t back = *frame--;
            if (back < 0) return *top;
            next = cells + back;
            break;
        }
        case BRANCH: next = cells + *next; break;
        case BRANCH_IF_ZERO: next = *top-- ? next + 1 : cells + *next; break;
        case START_DO:
            frame += 2;
            frame[-1] = top[-1], frame[0] = top[0];
            top -= 2;
            break;
        case LOOP:
            if (++*frame < frame[-1]) {
                next = cells + *next;
            } else {
                frame -= 2;
                next++;
            }
            break;
        case INDEX: *++top = *frame; break;
        case ADD: top--, *top = (int32_t)((uint32_t)top[0] + (uint32_t)top[1]); break;
        case SUBTRACT: top--, *top = (int32_t)((uint32_t)top[0] - (uint32_t)top[1]); break;
        case MULTIPLY: top--, *top = (int32_t)((uint32_t)top[0] * (uint32_t)top[1]); break;
        case DIVIDE: top--, *top /= top[1]; break;
        case REMAINDER: top--, *top %= top[1]; break;
        case LESS: top--, *top = top[0] < top[1]; break;
        case EQUAL: top--, *top = top[0] == top[1]; break;
        case AND: top--, *top &= top[1]; break;
        case XOR: top--, *top ^= top[1]; break;
        case DUPLICATE: top++, *top = top[-1]; break;
        case DROP: top--; break;
        case SWAP: {
            int32_t upper = *top;
            *top = top[-1];
            top[-1] = upper;
            break;
        }
        case OVER: top++, *top = top[-2]; break;
        case FETCH: *top = cells[*top]; break;
        case STORE: top -= 2, cells[top[2]] = top[1]; break;
        }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum = sum * 31 + (uint32_t)execute(compile());
    return sum;
}
