//! Generated texts in a simple Markdown become HTML, n times: headings, lists, quotations, code, emphasis, links. Lines
//! are enums that borrow from the text; strings are built.

enum Line<'a> {
    Blank,
    Fence,
    Heading(usize, &'a str),
    Item(&'a str),
    Quotation(&'a str),
    Text(&'a str),
}

#[derive(Clone, Copy, PartialEq)]
enum Block {
    Paragraph,
    List,
    Quotation,
}

impl Block {
    fn tag(self) -> &'static str {
        match self {
            Block::Paragraph => "p",
            Block::List => "ul",
            Block::Quotation => "blockquote",
        }
    }
}

fn classify(line: &str) -> Line<'_> {
    let line = line.trim_end();
    let level = line.bytes().take_while(|&byte| byte == b'#').count();
    if line.is_empty() {
        return Line::Blank;
    }
    if line.starts_with("```") {
        return Line::Fence;
    }
    if (1..=6).contains(&level) && line[level..].starts_with(' ') {
        return Line::Heading(level, line[level..].trim_start());
    }
    match line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        Some(item) => Line::Item(item),
        None => line.strip_prefix("> ").map_or(Line::Text(line), Line::Quotation),
    }
}

#[derive(Default)]
struct Writer {
    html: String,
    open: Option<Block>,
}

impl Writer {
    fn tag(&mut self, name: &str, closes: bool) {
        self.html.push_str(if closes { "</" } else { "<" });
        self.html.push_str(name);
        self.html.push('>');
    }

    fn enter(&mut self, block: Option<Block>) {
        if self.open == block {
            return;
        }
        if let Some(open) = self.open {
            self.tag(open.tag(), true);
            self.html.push('\n');
        }
        if let Some(block) = block {
            self.tag(block.tag(), false);
        }
        self.open = block;
    }

    fn escape(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '&' => self.html.push_str("&amp;"),
                other => self.html.push(other),
            }
        }
    }

    fn element(&mut self, name: &str, text: &str, is_code: bool) {
        self.tag(name, false);
        if is_code { self.escape(text) } else { self.inline(text) }
        self.tag(name, true);
    }

    /// What stands between two marks, and what follows; without the second mark the first one is text.
    fn marked<'a>(&mut self, rest: &'a str, mark: &str, name: &str) -> Option<&'a str> {
        let (inside, after) = rest.strip_prefix(mark)?.split_once(mark)?;
        self.element(name, inside, mark == "`");
        Some(after)
    }

    fn link<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let (text, after) = rest.strip_prefix('[')?.split_once("](")?;
        let (target, after) = after.split_once(')')?;
        self.html.push_str("<a href=\"");
        self.escape(target);
        self.html.push_str("\">");
        self.inline(text);
        self.tag("a", true);
        Some(after)
    }

    fn inline(&mut self, mut rest: &str) {
        while let Some(at) = rest.find(&['*', '`', '['][..]) {
            self.escape(&rest[..at]);
            rest = &rest[at..];
            let after = match rest.as_bytes()[0] {
                b'[' => self.link(rest),
                b'`' => self.marked(rest, "`", "code"),
                _ => self.marked(rest, "**", "strong").or_else(|| self.marked(rest, "*", "em")),
            };
            rest = after.unwrap_or_else(|| {
                self.escape(&rest[..1]);
                &rest[1..]
            });
        }
        self.escape(rest);
    }

    fn render(mut self, text: &str) -> String {
        const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];
        let mut in_code = false;
        for line in text.lines() {
            match classify(line) {
                Line::Fence => {
                    self.enter(None);
                    self.tag("pre", in_code);
                    in_code = !in_code;
                }
                _ if in_code => {
                    self.escape(line);
                    self.html.push('\n');
                }
                Line::Blank => self.enter(None),
                Line::Heading(level, title) => {
                    self.enter(None);
                    self.element(HEADINGS[level - 1], title, false);
                }
                Line::Item(item) => {
                    self.enter(Some(Block::List));
                    self.element("li", item, false);
                }
                Line::Quotation(words) => {
                    self.enter(Some(Block::Quotation));
                    self.inline(words);
                }
                Line::Text(words) => {
                    self.enter(Some(Block::Paragraph));
                    self.inline(words);
                }
            }
        }
        self.enter(None);
        self.html
    }
}

fn write_text(state: &mut u32) -> String {
    const STARTS: [&str; 10] = ["# ", "### ", "- ", "* ", "> ", "", "", "", "\n", "```\n"];
    const WORDS: [&str; 12] = [
        "the **train** of wheels ", "a `barrel < 3` ", "*runs* ", "down & stops ", "[a [chain]](#chain) ", "[nowhere ",
        "2 * 3 ", "**open ", "größer ", "winds ", "it, ", "(see [§ 2](two?a&b)). ",
    ];
    let mut random = |bound: usize| {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        (*state >> 8) as usize % bound
    };
    let mut text = String::new();
    while text.len() < 3000 {
        text.push_str(STARTS[random(STARTS.len())]);
        for _ in 0..1 + random(7) {
            text.push_str(WORDS[random(WORDS.len())]);
        }
        text.push('\n');
    }
    text
}

#[no_mangle]
pub extern "C" fn run(n: u32) -> u32 {
    let mut state = 123_456_789u32;
    let mut sum = 0u32;
    for _ in 0..n {
        let html = Writer::default().render(&write_text(&mut state));
        sum = html.bytes().fold(sum, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    }
    sum
}
