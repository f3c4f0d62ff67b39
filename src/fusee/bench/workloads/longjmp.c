/* Errors by setjmp and longjmp, as interpreters written in C have them: terms are evaluated by recursion, and what
   can not be is left from where it is found, past all that wait. */
#include "workload.h"

typedef long jmp_buf[32]; /* as much as any machine needs */
int setjmp(jmp_buf) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf, int);

struct machine {
    jmp_buf error;
    const char *text;
    int depth;
};

enum { UNEXPECTED = 1, DIVIDED_BY_ZERO, TOO_DEEP, TOO_LARGE };

static int expression(struct machine *m);

static int primary(struct machine *m) {
    if (++m->depth > 24) longjmp(m->error, TOO_DEEP);
    int value = 0;
    char c = *m->text++;
    if (c == '(') {
        value = expression(m);
        if (*m->text++ != ')') longjmp(m->error, UNEXPECTED);
    } else if (c >= '0' && c <= '9') {
        value = c - '0';
        while (*m->text >= '0' && *m->text <= '9') value = value * 10 + *m->text++ - '0';
    } else {
        longjmp(m->error, UNEXPECTED);
    }
    m->depth--;
    return value;
}

static int term(struct machine *m) {
    int value = primary(m);
    while (*m->text == '*' || *m->text == '/') {
        char operator = *m->text++;
        int other = primary(m);
        if (operator == '/' && other == 0) longjmp(m->error, DIVIDED_BY_ZERO);
        value = operator == '*' ? value * other : value / other;
        if (value > 1000000) longjmp(m->error, TOO_LARGE);
    }
    return value;
}

static int expression(struct machine *m) {
    int value = term(m);
    while (*m->text == '+' || *m->text == '-') value = *m->text++ == '+' ? value + term(m) : value - term(m);
    return value;
}

/* The value, or how far it got and why not further. A second attempt begins behind the error. */
static uint32_t evaluate(const char *text) {
    struct machine m;
    volatile uint32_t sum = 1;
    m.text = text;
    m.depth = 0;
    int error = setjmp(m.error);
    if (error != 0) {
        sum = sum * 31 + error * 1000 + (uint32_t)(m.text - text);
        m.depth = 0;
        if (*(m.text - 1) == 0 || *m.text == 0) return sum;
        m.text++;
    }
    return sum * 33 + (uint32_t)expression(&m);
}

static const char *const TEXTS[] = {
    "1+2*(3+4)*5",
    "((((((((((7))))))))))/(2-2)+1",
    "12*(99+1)-3*(4+5*(6+7))",
    "((((((((((((((((((((((((((((1))))))))))))))))))))))))))))",
    "2*(3+)",
    "999*999*999",
    "8*(1+2*(3+4*(5+6*(7+8*(9+x)))))",
};

WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 17;
    for (uint32_t i = 0; i < n; i++)
        for (unsigned k = 0; k < sizeof TEXTS / sizeof *TEXTS; k++) sum = sum * 31 + evaluate(TEXTS[k]);
    return sum;
}
