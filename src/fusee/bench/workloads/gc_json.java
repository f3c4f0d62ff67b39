import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.teavm.interop.Export;

/** A parser of JSON that says by exceptions what is wrong, and a printer: strings, boxed values, casts. */
final class Json {
    static final class Malformed extends Exception {
        final int offset;

        Malformed(String message, int offset) {
            super(message);
            this.offset = offset;
        }
    }

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    private char next() throws Malformed {
        while (at < text.length() && text.charAt(at) <= ' ') {
            at++;
        }
        if (at == text.length()) {
            throw new Malformed("the text ends", at);
        }
        return text.charAt(at);
    }

    private void expect(char wanted) throws Malformed {
        if (next() != wanted) {
            throw new Malformed("not a " + wanted, at);
        }
        at++;
    }

    private Object value() throws Malformed {
        char first = next();
        switch (first) {
            case '{': return object();
            case '[': return array();
            case '"': return string();
            case 't': return word("true", Boolean.TRUE);
            case 'f': return word("false", Boolean.FALSE);
            case 'n': return word("null", null);
            default: return number(first);
        }
    }

    private Object word(String word, Object value) throws Malformed {
        if (!text.startsWith(word, at)) {
            throw new Malformed("no word", at);
        }
        at += word.length();
        return value;
    }

    private Integer number(char first) throws Malformed {
        boolean negative = first == '-';
        int begin = negative ? ++at : at;
        int number = 0;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            number = number * 10 + text.charAt(at++) - '0';
        }
        if (at == begin) {
            throw new Malformed("no number", at);
        }
        return negative ? -number : number;
    }

    private String string() throws Malformed {
        StringBuilder built = new StringBuilder();
        at++;
        while (at < text.length() && text.charAt(at) != '"') {
            char c = text.charAt(at++);
            built.append(c == '\\' && at < text.length() ? text.charAt(at++) : c);
        }
        expect('"');
        return built.toString();
    }

    private List<Object> array() throws Malformed {
        List<Object> values = new ArrayList<>();
        at++;
        if (next() != ']') {
            values.add(value());
            while (next() == ',') {
                at++;
                values.add(value());
            }
        }
        expect(']');
        return values;
    }

    private Map<String, Object> object() throws Malformed {
        Map<String, Object> members = new LinkedHashMap<>();
        at++;
        if (next() != '}') {
            do {
                if (next() != '"') {
                    throw new Malformed("no name", at);
                }
                String name = string();
                expect(':');
                members.put(name, value());
            } while (next() == ',' && at++ >= 0);
        }
        expect('}');
        return members;
    }

    private static void print(Object value, StringBuilder out) {
        if (value instanceof Map<?, ?> members) {
            char before = '{';
            for (Map.Entry<?, ?> member : members.entrySet()) {
                out.append(before).append('"').append(member.getKey()).append("\":");
                print(member.getValue(), out);
                before = ',';
            }
            out.append('}');
        } else if (value instanceof List<?> values) {
            out.append('[');
            for (Object element : values) {
                print(element, out);
                out.append(';');
            }
            out.append(']');
        } else if (value instanceof String string) {
            out.append('"').append(string).append('"');
        } else {
            out.append(value);
        }
    }

    private static final String[] TEXTS = {
        "{\"watch\": {\"wheels\": [15, 80, 75, 60, 8], \"maker\": \"A. Fus\\u\\\"e\", \"runs\": true}, \"beats\": -18000}",
        "[[], {}, [1, [2, [3, [4, [5, [6, [7]]]]]]], {\"a\": {\"b\": {\"c\": {\"d\": null}}}}]",
        "{\"parts\": [{\"name\": \"crown\", \"n\": 1}, {\"name\": \"jewel\", \"n\": 17}, {\"name\": \"screw\", \"n\" 31}]}",
        "[1, 2, [3, [4, [5, [6, [7, [8, [9, [10, [}]]]]]]]]]]",
        "{\"open\": [tru",
        "{\"a\": \"b\", 5: 6}",
    };

    @Export(name = "run")
    public static int run(int n) {
        int sum = 17;
        for (int i = 0; i < n; i++) {
            for (String text : TEXTS) {
                try {
                    StringBuilder out = new StringBuilder();
                    print(new Json(text).value(), out);
                    sum = sum * 31 + out.toString().hashCode();
                } catch (Malformed malformed) {
                    sum = sum * 31 + malformed.offset + malformed.getMessage().length();
                }
            }
        }
        return sum;
    }

    public static void main(String[] arguments) {}
}
