/* Errors by C++'s exceptions: programs of a small language are compiled and executed. What is wrong with one is thrown, by value and of
   a class with bases, past frames whose objects are to be destroyed, caught by class, by base or in general, and thrown on. */
#include "workload.h"

using Size = __SIZE_TYPE__;

struct Error {
    int line;
    explicit Error(int line) : line(line) {}
    virtual ~Error() {}
    virtual uint32_t code() const { return 1; }
};
struct SyntaxError : Error {
    char found;
    SyntaxError(int line, char found) : Error(line), found(found) {}
    uint32_t code() const override { return 100 + (uint32_t)found; }
};
struct ArithmeticError : Error {
    using Error::Error;
    uint32_t code() const override { return 7; }
};
struct Overflow : ArithmeticError {
    int value;
    Overflow(int line, int value) : ArithmeticError(line), value(value) {}
    uint32_t code() const override { return ArithmeticError::code() * 31 + (uint32_t)value; }
};

/* What is counted by destruction, so that one left out would be seen. */
static uint32_t opened, closed;
struct Scope {
    int depth;
    explicit Scope(int depth) : depth(depth) { opened++; }
    ~Scope() { closed = closed * 3 + (uint32_t)depth; }
};

struct Stack {
    int values[64];
    int count = 0;
    void push(int value) {
        if (count == 64) throw Error(0);
        values[count++] = value;
    }
    int pop() {
        if (count == 0) throw 'e';
        return values[--count];
    }
};

class Machine {
    const char *at;
    int line = 1;
    int variables[26] = {};
    Stack stack;

    char next() {
        while (*at == ' ' || *at == '\n')
            if (*at++ == '\n') line++;
        return *at;
    }
    int checked(long long value) const {
        if (value > 1000000 || value < -1000000) throw Overflow(line, (int)(value % 1000));
        return (int)value;
    }
    void primary(int depth) {
        Scope scope(depth);
        char c = next();
        if (c == '(') {
            at++;
            sum(depth + 1);
            if (next() != ')') throw SyntaxError(line, *at);
            at++;
        } else if (c >= 'a' && c <= 'z') {
            at++;
            stack.push(variables[c - 'a']);
        } else if (c >= '0' && c <= '9') {
            int value = 0;
            while (*at >= '0' && *at <= '9') value = checked(value * 10LL + *at++ - '0');
            stack.push(value);
        } else {
            throw SyntaxError(line, c);
        }
    }
    void product(int depth) {
        primary(depth);
        for (char c = next(); c == '*' || c == '/'; c = next()) {
            at++;
            primary(depth);
            int right = stack.pop(), left = stack.pop();
            if (c == '/' && right == 0) throw ArithmeticError(line);
            stack.push(checked(c == '*' ? (long long)left * right : left / right));
        }
    }
    void sum(int depth) {
        Scope scope(depth);
        product(depth);
        for (char c = next(); c == '+' || c == '-'; c = next()) {
            at++;
            product(depth);
            int right = stack.pop(), left = stack.pop();
            stack.push(checked(c == '+' ? left + right : left - right));
        }
    }
    /* a = expression; or ? expression; which fails where it is 0; or { statements } which is left at the first Error. */
    void statement(int depth) {
        Scope scope(depth);
        char c = next();
        at++;
        if (c == '{') {
            block(depth);
        } else if (c == '?') {
            sum(depth);
            if (stack.pop() == 0) throw line;
            end();
        } else if (c >= 'a' && c <= 'z' && next() == '=') {
            at++;
            sum(depth);
            variables[c - 'a'] = stack.pop();
            end();
        } else {
            throw SyntaxError(line, c);
        }
    }
    void end() {
        if (next() != ';') throw SyntaxError(line, *at);
        at++;
    }
    void skip() {
        for (int open = 1; open > 0 && *at != 0; at++) open += (*at == '{') - (*at == '}');
    }
    void block(int depth) {
        try {
            while (next() != '}') statement(depth + 1);
            at++;
        } catch (const ArithmeticError &error) {
            variables['e' - 'a'] += (int)error.code() % 1000;
            stack.count = 0;
            skip();
        } catch (Error &error) {
            error.line += 1000; /* what is thrown on is the same object */
            throw;
        }
    }

  public:
    explicit Machine(const char *text) : at(text) {}
    uint32_t run() {
        while (next() != 0) statement(1);
        uint32_t hash = 5;
        for (int value : variables) hash = hash * 31 + (uint32_t)value;
        return hash;
    }
};

static uint32_t outcome(const char *text) {
    Machine machine(text);
    try {
        return machine.run();
    } catch (int line) {
        return 3000 + (uint32_t)line;
    } catch (const Error &error) {
        return error.code() * 31 + (uint32_t)error.line;
    } catch (...) {
        return 9;
    }
}

static const char *const PROGRAMS[] = {
    "a = 6; b = a * (a + 1);\n c = b / 2 - a;\n ? c;",
    "a = 3;\n { b = a / (a - 3); } c = e + 1;",
    "a = 999; { { b = a * a * a; c = 1; } d = e * 2; } f = d;",
    "a = 1;\n b = 2;\n { c = (a + (b * ( 3 + ] ))); }",
    "x = 5; { y = x - 5; ? y; }",
    "n = 1; { n = n * 10; { n = n * 10; { n = n * 10; { n = n * 10000; } } } n = n / (n - n); }",
    "{ { { { { { { { q = ((((((((1 + $)))))))); } } } } } } } }",
};

extern "C" WORKLOAD uint32_t run(uint32_t n) {
    uint32_t sum = 17;
    opened = closed = 0;
    for (uint32_t i = 0; i < n; i++)
        for (const char *text : PROGRAMS) sum = sum * 31 + outcome(text);
    return sum * 31 + opened * 7 + closed;
}
