/* A machine with a stack, frames of locals and bytes for instructions, run by a switch in a loop: its programs sort,
   count ways, find primes and recurse, n times. */
#include "workload.h"

#define CODE 512
#define STACK 512
#define MEMORY 128
#define OPERAND(operation) ((operation) <= JUMP_UNLESS)

enum Operation {
    PUSH, LOAD, STORE, JUMP, CALL, JUMP_UNLESS, /* with a byte behind them */
    ADD, SUBTRACT, MULTIPLY, REMAINDER, LESS, EQUAL, FETCH, PUT, RETURN, HALT
};

static uint8_t code[CODE];
static int32_t stack[STACK], memory[MEMORY];
static int code_size;

/* What follows writes programs; places to jump to are bytes, counted from the program's beginning. */
static int emit(enum Operation operation, int operand) {
    code[code_size++] = (uint8_t)operation;
    if (OPERAND(operation)) code[code_size++] = (uint8_t)operand;
    return code_size - 1;
}

static void emit_all(const char *letters) {
    static const char names[] = "+-*%<=@!";
    for (; *letters; letters++) {
        if (*letters >= '0' && *letters <= '9') emit(PUSH, *letters - '0');
        if (*letters >= 'a' && *letters <= 'h') emit(LOAD, *letters - 'a');
        if (*letters >= 'A' && *letters <= 'H') emit(STORE, *letters - 'A');
        for (int i = 0; names[i]; i++)
            if (names[i] == *letters) emit((enum Operation)(ADD + i), 0);
    }
}

/* while (condition) body; */
static void emit_while(const char *condition, void (*body)(void)) {
    int start = code_size;
    emit_all(condition);
    int out = emit(JUMP_UNLESS, 0);
    body();
    emit(JUMP, start);
    code[out] = (uint8_t)code_size;
}

static void swap_neighbours(void) {
    emit_all("b@C b1+@D dc<");
    int out = emit(JUMP_UNLESS, 0);
    emit_all("db! cb1+!");
    code[out] = (uint8_t)code_size;
    emit_all("b1+B");
}

static void bubble(void) {
    emit_all("0B");
    emit_while("ba<", swap_neighbours);
    emit_all("a1-A");
}

static void step_inner(void) { emit_all("fb@+ bc+@ 7*+ 9 9*8*5+% bc+! b1+B"); }

static void step_outer(void) {
    emit_all("0B c1+C");
    emit_while("bc+ 9 7*<", step_inner);
}

static void next_divisor(void) { emit_all("b1+B"); }

static void next_number(void) {
    emit_all("2B");
    emit_while("0 ab% <", next_divisor);
    emit_all("cab=+C a1+A");
}

/* Locals a, b, c, …; a holds the argument. fib(a) begins at 0; what it returns stays on the stack. */
static int write_program(void) {
    code_size = 0;
    emit_all("a2<");
    int out = emit(JUMP_UNLESS, 0);
    emit_all("a");
    emit(RETURN, 0);
    code[out] = (uint8_t)code_size;
    emit_all("a1-");
    emit(CALL, 0);
    emit_all("a2-");
    emit(CALL, 0);
    emit_all("+");
    emit(RETURN, 0);
    int main = code_size;
    emit_all("aF");
    emit_all("7 9*A");
    emit_while("0a<", bubble);
    emit_all("0C");
    emit_while("c9<", step_outer);
    emit_all("2A 0C");
    emit_while("a8 9*<", next_number);
    emit_all("c f9% 5+");
    emit(CALL, 0);
    emit_all("+");
    emit(HALT, 0);
    return main;
}

/* A frame has eight locals, below them where to return to and the caller's frame; the argument becomes local a. */
static int32_t execute(int start, int32_t argument) {
    const uint8_t *at = code + start;
    int32_t *locals = stack, *top = stack + 8;
    for (locals[0] = argument;;) switch (*at++) {
        case PUSH: *top++ = *at++; break;
        case LOAD: *top++ = locals[*at++]; break;
        case STORE: locals[*at++] = *--top; break;
        case JUMP: at = code + *at; break;
        case JUMP_UNLESS: at = *--top ? at + 1 : code + *at; break;
        case CALL:
            argument = top[-1];
            top[-1] = (int32_t)(at + 1 - code);
            *top = (int32_t)(locals - stack);
            locals = top + 1;
            locals[0] = argument;
            top += 9;
            at = code + *at;
            break;
        case RETURN:
            argument = top[-1];
            top = locals - 2;
            at = code + top[0];
            locals = stack + top[1];
            *top++ = argument;
            break;
        case ADD: top--, top[-1] += *top; break;
        case SUBTRACT: top--, top[-1] -= *top; break;
        case MULTIPLY: top--, top[-1] *= *top; break;
        case REMAINDER: top--, top[-1] %= *top; break;
        case LESS: top--, top[-1] = top[-1] < *top; break;
        case EQUAL: top--, top[-1] = top[-1] == *top; break;
        case FETCH: top[-1] = memory[top[-1]]; break;
        case PUT: top -= 2, memory[top[1]] = top[0]; break;
        default: return top[-1];
        }
}

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 123456789u, sum = 0;
    int start = write_program();
    for (uint32_t round = 0; round < n; round++) {
        for (int i = 0; i < MEMORY; i++) memory[i] = (int32_t)(next_random(&state) >> 22);
        sum = sum * 31 + (uint32_t)execute(start, (int32_t)(round & 0xffff));
        for (int i = 0; i < MEMORY; i++) sum = sum * 31 + (uint32_t)memory[i];
    }
    return sum;
}
