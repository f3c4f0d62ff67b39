import org.teavm.interop.Export;

/** Strings built and taken apart: numbers in words, a columned text, splitting, replacing, comparing. */
final class Text {
    private static final String[] SMALL = {
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"
    };
    private static final String[] TENS = {
        "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"
    };

    private static String words(int number) {
        if (number < 20) {
            return SMALL[number];
        }
        if (number < 100) {
            return TENS[number / 10] + (number % 10 == 0 ? "" : "-" + SMALL[number % 10]);
        }
        if (number < 1000) {
            return SMALL[number / 100] + " hundred" + (number % 100 == 0 ? "" : " and " + words(number % 100));
        }
        return words(number / 1000) + " thousand" + (number % 1000 == 0 ? "" : " " + words(number % 1000));
    }

    private static String columns(String text, int width) {
        StringBuilder lines = new StringBuilder();
        int filled = 0;
        int begin = 0;
        while (begin < text.length()) {
            int end = text.indexOf(' ', begin);
            String word = text.substring(begin, end < 0 ? text.length() : end);
            if (filled > 0 && filled + 1 + word.length() > width) {
                lines.append('\n');
                filled = 0;
            }
            if (filled > 0) {
                lines.append(' ');
                filled++;
            }
            lines.append(word);
            filled += word.length();
            begin += word.length() + 1;
        }
        return lines.toString();
    }

    @Export(name = "run")
    public static int run(int n) {
        int sum = 17;
        String before = "";
        for (int i = 0; i < n; i++) {
            StringBuilder text = new StringBuilder();
            for (int k = 0; k < 12; k++) {
                text.append(words((i * 7919 + k * 104729) % 1000000)).append(", ");
            }
            String formatted = columns(text.toString(), 40).replace('-', '~').toUpperCase();
            sum = sum * 31 + formatted.hashCode() + (formatted.compareTo(before) > 0 ? 1 : 0);
            sum += formatted.lastIndexOf("HUNDRED") + Integer.parseInt(Integer.toString(sum >> 3));
            before = formatted;
        }
        return sum;
    }

    public static void main(String[] arguments) {}
}
