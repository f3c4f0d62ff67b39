/* Queries in a language much like GraphQL are lexed, parsed and checked against a schema, n times. */
#include "workload.h"

#define SYMBOLS 512
#define NODES 512
#define TYPES 16
#define FIELDS 96
#define FRAGMENTS 16
#define VARIABLES 16
#define DEEPEST 16

typedef enum { END, NAME, INT, STRING, SPREAD, PUNCTUATOR } TokenKind;
typedef enum { FIELD, FRAGMENT_SPREAD, INLINE_FRAGMENT } SelectionKind;
typedef enum { UNKNOWN_FIELD = 1, UNKNOWN_TYPE, UNKNOWN_FRAGMENT, UNKNOWN_ARGUMENT, UNKNOWN_VARIABLE, MISSING_ARGUMENT,
               WRONG_VALUE, NEEDS_SELECTION, FORBIDS_SELECTION, UNUSED_VARIABLE, TOO_DEEP, SYNTAX } Problem;

typedef struct {
    const char *text;
    uint32_t length;
} Symbol;

typedef struct {
    TokenKind kind;
    char punctuator;
    int symbol;
} Token;

/* A type as it is written: Int, [Watch], ID! */
typedef struct {
    int symbol, required, list;
} TypeUse;

typedef struct {
    int symbol;
    TypeUse type;
    int first_argument, arguments; /* of a field: further entries of the table */
} Field;

typedef struct {
    int symbol, first_field, fields;
} Type;

typedef struct Node {
    struct Node *next, *arguments, *selections;
    int symbol;
    SelectionKind kind;
    Token value; /* of an argument */
    int is_variable;
} Node;

typedef struct {
    int symbol, on;
    Node *selections;
} Fragment;

typedef struct {
    int symbol, used;
    TypeUse type;
} Variable;

static const char schema_text[] =
    "type Query { watch(id: ID!): Watch watches(first: Int, after: String, filter: String): [Watch] viewer: User search("
    "text: String!, limit: Int): [Watch] }\n"
    "type Watch { id: ID! name: String calibre: Calibre maker: Maker jewels: Int price(currency: String): Int owners(first:"
    " Int): [User] similar(limit: Int!): [Watch] chained: Boolean }\n"
    "type Calibre { id: ID! name: String frequency: Int reserve(unit: String): Int wheels: [Wheel] maker: Maker }\n"
    "type Wheel { name: String teeth: Int drives: Wheel pivot(side: String!): Int }\n"
    "type Maker { id: ID! name: String city: String founded: Int watches(first: Int, after: String): [Watch] }\n"
    "type User { id: ID! name: String email: String collection(first: Int): [Watch] friends: [User] admin: Boolean }\n";

static const char *const queries[] = {
    "query Simple($id: ID!) { watch(id: $id) { id name jewels maker { name city } } }",
    "query Deep { watches(first: 10, after: \"w7\") { ...parts similar(limit: 3) { name ...parts } owners { name friends { "
    "name collection(first: 2) { id } } } } } fragment parts on Watch { calibre { frequency wheels { name teeth drives { "
    "name drives { teeth pivot(side: \"left\") } } } } }",
    "query Wrong($n: Int, $unused: String) { watch { name colour } watches(first: \"ten\", last: 3) { name { text } maker } "
    "search(text: $n) { ...nowhere } viewer { name collection(first: $m) { id } } }",
    "# a comment, then aliases\nquery Alias($text: String!, $limit: Int) { best: search(text: $text, limit: 1) { id } rest: "
    "search(text: $text, limit: $limit) { id, name, price(currency: \"CHF\") ... on Watch { chained } ... on Clock { id } "
    "} }",
    "{ viewer { ...user friends { ...user friends { ...user friends { ...user } } } } } fragment user on User { id name "
    "email admin collection(first: 5) { ...brief } } fragment brief on Watch { id name price calibre { name reserve(unit: "
    "\"h\") } }",
    "query Loop { viewer { ...a } } fragment a on User { friends { ...b } } fragment b on User { friends { ...a } }",
    "query Broken { watch(id: ) { name } ",
    "query Values($yes: Boolean) { watch(id: 7) { price(currency: 3) similar(limit: true) { id } chained } viewer { "
    "collection(first: -2) { owners(first: $yes) { id } } } }",
};

static Symbol symbols[SYMBOLS];
static Node nodes[NODES];
static Type types[TYPES];
static Field fields[FIELDS];
static Fragment fragments[FRAGMENTS];
static Variable variables[VARIABLES];
static int node_count, type_count, field_count, fragment_count, variable_count;
static int symbol_int, symbol_string, symbol_boolean, symbol_id, symbol_query, symbol_fragment, symbol_on, symbol_true,
    symbol_false;
static const char *cursor;
static Token token;
static uint32_t problems;
static int failed;

static void report(Problem problem, int symbol) { problems = problems * 31 + (uint32_t)problem * 512 + (uint32_t)symbol; }

/* The number of a name: equal names have equal numbers. */
static int intern(const char *text, uint32_t length) {
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    for (uint32_t at = hash % SYMBOLS;; at = (at + 1) % SYMBOLS) {
        Symbol *symbol = &symbols[at];
        if (!symbol->text) *symbol = (Symbol){text, length};
        uint32_t same = 0;
        if (symbol->length == length)
            while (same < length && symbol->text[same] == text[same]) same++;
        if (same == length && symbol->length == length) return (int)at;
    }
}

static int intern_string(const char *text) {
    uint32_t length = 0;
    while (text[length]) length++;
    return intern(text, length);
}

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }

static void skip_ignored(void) {
    for (;; cursor++) {
        if (*cursor == '#')
            while (cursor[1] && cursor[1] != '\n') cursor++;
        else if (*cursor != ' ' && *cursor != '\n' && *cursor != ',')
            return;
    }
}

static void advance(void) {
    skip_ignored();
    const char *start = cursor;
    if (is_letter(*cursor)) {
        while (is_letter(*cursor) || is_digit(*cursor)) cursor++;
        token = (Token){NAME, 0, intern(start, (uint32_t)(cursor - start))};
    } else if (is_digit(*cursor) || *cursor == '-') {
        do cursor++;
        while (is_digit(*cursor));
        token = (Token){INT, 0, 0};
    } else if (*cursor == '"') {
        do cursor++;
        while (*cursor && *cursor != '"');
        if (*cursor) cursor++;
        token = (Token){STRING, 0, 0};
    } else if (cursor[0] == '.' && cursor[1] == '.' && cursor[2] == '.') {
        cursor += 3;
        token = (Token){SPREAD, 0, 0};
    } else {
        token = (Token){*cursor ? PUNCTUATOR : END, *cursor, 0};
        if (*cursor) cursor++;
    }
}

static int at_punctuator(char c) { return token.kind == PUNCTUATOR && token.punctuator == c; }

static int accept(char c) {
    if (!at_punctuator(c)) return 0;
    advance();
    return 1;
}

static void expect(char c) {
    if (accept(c) || failed) return;
    report(SYNTAX, c);
    failed = 1;
}

static int expect_name(void) {
    int symbol = token.symbol;
    if (token.kind == NAME) {
        advance();
        return symbol;
    }
    if (!failed) report(SYNTAX, 0);
    failed = 1;
    return 0;
}

static int more_until(char end) { return !failed && token.kind != END && !at_punctuator(end); }

static TypeUse parse_type(void) {
    TypeUse use = {0};
    use.list = accept('[');
    use.symbol = expect_name();
    if (use.list) expect(']');
    use.required = accept('!');
    return use;
}

static Field parse_argument_definition(void) {
    Field argument = {.symbol = expect_name()};
    expect(':');
    argument.type = parse_type();
    return argument;
}

static Field parse_field_definition(void) {
    Field field = {.symbol = expect_name(), .first_argument = field_count};
    if (accept('(')) {
        while (more_until(')')) fields[field_count++] = parse_argument_definition();
        expect(')');
    }
    field.arguments = field_count - field.first_argument;
    expect(':');
    field.type = parse_type();
    return field;
}

/* The fields of a type stand together, so those of its arguments come after a copy. */
static void parse_schema(void) {
    static Field own[FIELDS];
    cursor = schema_text;
    for (advance(); token.kind == NAME;) {
        advance();
        Type *type = &types[type_count++];
        type->symbol = expect_name();
        expect('{');
        for (type->fields = 0; more_until('}'); type->fields++) own[type->fields] = parse_field_definition();
        expect('}');
        type->first_field = field_count;
        for (int i = 0; i < type->fields; i++) fields[field_count++] = own[i];
    }
}

static Node *new_node(SelectionKind kind) {
    Node *node = &nodes[node_count++];
    *node = (Node){.kind = kind};
    return node;
}

static Node *parse_arguments(void) {
    Node *first = 0, **last = &first;
    if (!accept('(')) return 0;
    while (more_until(')')) {
        Node *argument = *last = new_node(FIELD);
        last = &argument->next;
        argument->symbol = expect_name();
        expect(':');
        argument->is_variable = accept('$');
        argument->value = token;
        if (token.kind == PUNCTUATOR) expect('"');
        advance();
    }
    expect(')');
    return first;
}

static Node *parse_selections(void);

static Node *parse_selection(void) {
    Node *node = new_node(FIELD);
    if (token.kind == SPREAD) {
        advance();
        node->kind = FRAGMENT_SPREAD;
        node->symbol = expect_name();
        if (node->symbol != symbol_on) return node;
        node->kind = INLINE_FRAGMENT;
        node->symbol = expect_name();
    } else {
        node->symbol = expect_name();
        if (accept(':')) node->symbol = expect_name();
        node->arguments = parse_arguments();
    }
    node->selections = parse_selections();
    return node;
}

static Node *parse_selections(void) {
    Node *first = 0, **last = &first;
    if (!accept('{')) return 0;
    while (more_until('}')) {
        *last = parse_selection();
        last = &(*last)->next;
    }
    expect('}');
    return first;
}

static void parse_variables(void) {
    if (!accept('(')) return;
    while (more_until(')')) {
        Variable *variable = &variables[variable_count++];
        expect('$');
        *variable = (Variable){.symbol = expect_name()};
        expect(':');
        variable->type = parse_type();
    }
    expect(')');
}

/* The operation's selections; fragments go to their table. */
static Node *parse_document(const char *text) {
    Node *operation = 0;
    node_count = fragment_count = variable_count = failed = 0;
    cursor = text;
    for (advance(); !failed && token.kind != END;) {
        if (token.kind == NAME && token.symbol == symbol_fragment) {
            Fragment *fragment = &fragments[fragment_count++];
            advance();
            fragment->symbol = expect_name();
            expect_name();
            fragment->on = expect_name();
            fragment->selections = parse_selections();
            continue;
        }
        if (token.kind == NAME && token.symbol == symbol_query) {
            advance();
            if (token.kind == NAME) advance();
            parse_variables();
        }
        operation = parse_selections();
    }
    return operation;
}

static const Type *find_type(int symbol) {
    for (int i = 0; i < type_count; i++)
        if (types[i].symbol == symbol) return &types[i];
    return 0;
}

static const Field *find_field(int first, int count, int symbol) {
    for (int i = first; i < first + count; i++)
        if (fields[i].symbol == symbol) return &fields[i];
    return 0;
}

static void check_variable(const Node *argument, TypeUse wanted) {
    for (int i = 0; i < variable_count; i++) {
        Variable *variable = &variables[i];
        if (variable->symbol != argument->value.symbol) continue;
        variable->used = 1;
        if (variable->type.symbol != wanted.symbol || variable->type.required < wanted.required)
            report(WRONG_VALUE, argument->symbol);
        return;
    }
    report(UNKNOWN_VARIABLE, argument->value.symbol);
}

static void check_value(const Node *argument, TypeUse wanted) {
    TokenKind kind = argument->value.kind;
    int symbol = argument->value.symbol, fits = 0;
    if (wanted.symbol == symbol_int) fits = kind == INT;
    if (wanted.symbol == symbol_string) fits = kind == STRING;
    if (wanted.symbol == symbol_id) fits = kind == STRING || kind == INT;
    if (wanted.symbol == symbol_boolean) fits = kind == NAME && (symbol == symbol_true || symbol == symbol_false);
    if (!fits) report(WRONG_VALUE, argument->symbol);
}

static void check_arguments(const Node *node, const Field *field) {
    uint32_t given = 0;
    for (const Node *argument = node->arguments; argument; argument = argument->next) {
        const Field *definition = find_field(field->first_argument, field->arguments, argument->symbol);
        if (!definition) {
            report(UNKNOWN_ARGUMENT, argument->symbol);
            continue;
        }
        given |= 1u << (definition - &fields[field->first_argument]);
        if (argument->is_variable) check_variable(argument, definition->type);
        else check_value(argument, definition->type);
    }
    for (int i = 0; i < field->arguments; i++)
        if (fields[field->first_argument + i].type.required && !(given >> i & 1)) report(MISSING_ARGUMENT, node->symbol);
}

static void check_selections(const Node *node, const Type *parent, int depth);

static void check_field(const Node *node, const Type *parent, int depth) {
    const Field *field = find_field(parent->first_field, parent->fields, node->symbol);
    if (!field) {
        report(UNKNOWN_FIELD, node->symbol);
        return;
    }
    check_arguments(node, field);
    const Type *type = find_type(field->type.symbol);
    if (type && !node->selections) report(NEEDS_SELECTION, node->symbol);
    if (!type && node->selections) report(FORBIDS_SELECTION, node->symbol);
    if (type) check_selections(node->selections, type, depth + 1);
}

static void check_fragment(int symbol, const Node *selections, int depth) {
    const Type *type = find_type(symbol);
    if (type) check_selections(selections, type, depth + 1);
    else report(UNKNOWN_TYPE, symbol);
}

static void check_spread(const Node *node, int depth) {
    for (int i = 0; i < fragment_count; i++)
        if (fragments[i].symbol == node->symbol) {
            check_fragment(fragments[i].on, fragments[i].selections, depth);
            return;
        }
    report(UNKNOWN_FRAGMENT, node->symbol);
}

static void check_selections(const Node *node, const Type *parent, int depth) {
    if (depth > DEEPEST) {
        report(TOO_DEEP, parent->symbol);
        return;
    }
    for (; node; node = node->next) switch (node->kind) {
        case FIELD: check_field(node, parent, depth); break;
        case FRAGMENT_SPREAD: check_spread(node, depth); break;
        case INLINE_FRAGMENT: check_fragment(node->symbol, node->selections, depth); break;
        }
}

static void validate(const char *text) {
    const Node *operation = parse_document(text);
    if (failed) return;
    check_selections(operation, &types[0], 0);
    for (int i = 0; i < variable_count; i++)
        if (!variables[i].used) report(UNUSED_VARIABLE, variables[i].symbol);
}

static void name_keywords(void) {
    symbol_int = intern_string("Int"), symbol_string = intern_string("String");
    symbol_boolean = intern_string("Boolean"), symbol_id = intern_string("ID");
    symbol_query = intern_string("query"), symbol_fragment = intern_string("fragment");
    symbol_on = intern_string("on"), symbol_true = intern_string("true"), symbol_false = intern_string("false");
}

WORKLOAD uint32_t run(uint32_t n) {
    name_keywords();
    parse_schema();
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < sizeof queries / sizeof *queries; k++) validate(queries[k]);
    return problems;
}
