// English words are stripped of their endings by rules like Porter's (1980): the text is made of roots and endings, and
// the stems are counted in a table, n times.
#include "workload.h"

namespace {

constexpr int LONGEST = 32;
constexpr int WORDS = 400;
constexpr int BUCKETS = 512;

struct Rule {
    const char *ending, *instead;
    int least_measure; // of what precedes the ending
};

constexpr Rule PLURALS[] = {{"sses", "ss", 0}, {"ies", "i", 0}, {"ss", "ss", 0}, {"s", "", 0}};
constexpr Rule DOUBLE_SUFFIXES[] = {
    {"ational", "ate", 1}, {"tional", "tion", 1}, {"izer", "ize", 1},   {"ization", "ize", 1}, {"ation", "ate", 1},
    {"ator", "ate", 1},    {"iveness", "ive", 1}, {"fulness", "ful", 1}, {"ousness", "ous", 1}, {"biliti", "ble", 1},
    {"ousli", "ous", 1},   {"entli", "ent", 1},   {"alli", "al", 1},
};
constexpr Rule SUFFIXES[] = {
    {"icate", "ic", 1}, {"ative", "", 1}, {"alize", "al", 1}, {"ical", "ic", 1}, {"ful", "", 1}, {"ness", "", 1},
    {"ement", "", 2},   {"ment", "", 2},  {"able", "", 2},    {"ance", "", 2},   {"ence", "", 2}, {"ent", "", 2},
    {"ism", "", 2},     {"ate", "", 2},   {"ous", "", 2},     {"ive", "", 2},    {"ize", "", 2},  {"al", "", 2},
    {"er", "", 2},      {"ic", "", 2},
};

int length_of(const char *text) {
    int length = 0;
    while (text[length]) length++;
    return length;
}

class Word {
  public:
    void append(const char *text) {
        while (*text && length < LONGEST) letters[length++] = *text++;
    }

    void stem() {
        apply(PLURALS);
        strip_verb();
        if (length > 2 && letters[length - 1] == 'y' && has_vowel(length - 1)) letters[length - 1] = 'i';
        apply(DOUBLE_SUFFIXES);
        apply(SUFFIXES);
        if (letters[length - 1] == 'e' && measure(length - 1) > 1) length--;
        if (ends_with("ll") && measure(length) > 1) length--;
    }

    uint32_t hash() const {
        uint32_t hash = 2166136261u;
        for (int i = 0; i < length; i++) hash = (hash ^ static_cast<uint8_t>(letters[i])) * 16777619u;
        return hash;
    }

  private:
    char letters[LONGEST];
    int length = 0;

    bool is_consonant(int at) const {
        switch (letters[at]) {
        case 'a': case 'e': case 'i': case 'o': case 'u': return false;
        case 'y': return at == 0 || !is_consonant(at - 1);
        default: return true;
        }
    }

    bool has_vowel(int end) const {
        for (int i = 0; i < end; i++)
            if (!is_consonant(i)) return true;
        return false;
    }

    // How many times consonants follow vowels.
    int measure(int end) const {
        int changes = 0;
        for (int i = 1; i < end; i++) changes += is_consonant(i) && !is_consonant(i - 1);
        return changes;
    }

    bool ends_with(const char *ending) const {
        int size = length_of(ending);
        if (size > length) return false;
        for (int i = 0; i < size; i++)
            if (letters[length - size + i] != ending[i]) return false;
        return true;
    }

    // The first ending that fits decides, whether what precedes it is long enough or not.
    template <int COUNT> void apply(const Rule (&rules)[COUNT]) {
        for (const Rule &rule : rules) {
            if (!ends_with(rule.ending)) continue;
            int rest = length - length_of(rule.ending);
            if (measure(rest) < rule.least_measure) return;
            length = rest;
            append(rule.instead);
            return;
        }
    }

    void strip_verb() {
        int size = ends_with("ing") ? 3 : ends_with("ed") ? 2 : 0;
        if (size == 0 || !has_vowel(length - size)) return;
        length -= size;
        char last = letters[length - 1];
        if (ends_with("at") || ends_with("bl") || ends_with("iz")) append("e");
        else if (length > 1 && last == letters[length - 2] && is_consonant(length - 1) && last != 'l' && last != 's') length--;
    }
};

constexpr const char *ROOTS[] = {"relat",  "hop",     "conflat", "radi",  "digit", "oper",   "feud",  "decis",
                                 "hesit",  "formal",  "sky",     "control", "trouble", "fall", "electr", "adjust",
                                 "depend", "probat",  "caress",  "pony",  "agree", "plaster", "motor", "use"};
constexpr const char *ENDINGS[] = {"",      "s",    "es",   "ed",    "ing",   "ational", "izer",  "ization",
                                   "iveness", "fulness", "ousli", "alize", "ement", "ance",  "ical", "biliti"};

Word random_word(uint32_t &state) {
    uint32_t random = next_random(&state) >> 4;
    Word word;
    word.append(ROOTS[random % 24]);
    word.append(ENDINGS[(random >> 8) % 16]);
    if (random >> 20 & 1) word.append(ENDINGS[(random >> 12) % 16]);
    return word;
}

} // namespace

extern "C" WORKLOAD uint32_t run(uint32_t n) {
    static uint32_t counts[BUCKETS];
    uint32_t state = 2463534242, sum = 0;
    for (uint32_t round = 0; round < n; round++) {
        for (uint32_t &count : counts) count = 0;
        for (int i = 0; i < WORDS; i++) {
            Word word = random_word(state);
            word.stem();
            counts[word.hash() % BUCKETS]++;
        }
        for (uint32_t count : counts) sum = sum * 31 + count;
    }
    return sum;
}
