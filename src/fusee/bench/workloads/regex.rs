//! Regular expressions parsed into trees, compiled to a program for a Pike machine, and searched for in a text, n times.

use std::iter::Peekable;
use std::str::Bytes;

enum Tree {
    Empty,
    Any,
    Set(Box<[bool; 256]>),
    Sequence(Vec<Tree>),
    Either(Box<Tree>, Box<Tree>),
    Repeat { of: Box<Tree>, at_least_one: bool, at_most_one: bool },
}

enum Step {
    Any,
    Set(Box<[bool; 256]>),
    Split(usize, usize),
    Jump(usize),
    Match,
}

struct Parser<'a> {
    rest: Peekable<Bytes<'a>>,
}

impl<'a> Parser<'a> {
    fn parse(pattern: &'a str) -> Tree {
        Parser { rest: pattern.bytes().peekable() }.either()
    }

    fn either(&mut self) -> Tree {
        let left = self.sequence();
        if self.rest.next_if_eq(&b'|').is_none() {
            return left;
        }
        Tree::Either(Box::new(left), Box::new(self.either()))
    }

    fn sequence(&mut self) -> Tree {
        let mut parts = Vec::new();
        while let Some(byte) = self.rest.next_if(|byte| !matches!(byte, b'|' | b')')) {
            let atom = self.atom(byte);
            parts.push(self.repeated(atom));
        }
        if parts.is_empty() { Tree::Empty } else { Tree::Sequence(parts) }
    }

    fn repeated(&mut self, of: Tree) -> Tree {
        let (at_least_one, at_most_one) = match self.rest.peek() {
            Some(b'*') => (false, false),
            Some(b'+') => (true, false),
            Some(b'?') => (false, true),
            _ => return of,
        };
        self.rest.next();
        Tree::Repeat { of: Box::new(of), at_least_one, at_most_one }
    }

    fn atom(&mut self, byte: u8) -> Tree {
        match byte {
            b'.' => Tree::Any,
            b'(' => {
                let inner = self.either();
                self.rest.next();
                inner
            }
            b'[' => self.set(),
            _ => {
                let mut set = [false; 256];
                set[usize::from(byte)] = true;
                Tree::Set(Box::new(set))
            }
        }
    }

    fn set(&mut self) -> Tree {
        let negated = self.rest.next_if_eq(&b'^').is_some();
        let mut set = [negated; 256];
        while let Some(low) = self.rest.next().filter(|byte| *byte != b']') {
            let high = if self.rest.next_if_eq(&b'-').is_some() { self.rest.next().unwrap_or(low) } else { low };
            set[usize::from(low)..=usize::from(high)].fill(!negated);
        }
        Tree::Set(Box::new(set))
    }
}

fn compile(tree: Tree, program: &mut Vec<Step>) {
    match tree {
        Tree::Empty => {}
        Tree::Any => program.push(Step::Any),
        Tree::Set(set) => program.push(Step::Set(set)),
        Tree::Sequence(parts) => parts.into_iter().for_each(|part| compile(part, program)),
        Tree::Either(left, right) => {
            let split = program.len();
            program.push(Step::Jump(0));
            compile(*left, program);
            let jump = program.len();
            program.push(Step::Jump(0));
            program[split] = Step::Split(split + 1, jump + 1);
            compile(*right, program);
            program[jump] = Step::Jump(program.len());
        }
        Tree::Repeat { of, at_least_one, at_most_one } => {
            let start = program.len();
            if !at_least_one {
                program.push(Step::Jump(0));
            }
            compile(*of, program);
            if at_least_one {
                program.push(Step::Split(start, program.len() + 1));
                return;
            }
            if !at_most_one {
                program.push(Step::Jump(start));
            }
            program[start] = Step::Split(start + 1, program.len());
        }
    }
}

/// Threads of the machine, without order: `seen` has the number of the round in which a step was last added.
struct Threads {
    steps: Vec<usize>,
    seen: Vec<usize>,
}

impl Threads {
    fn new(size: usize) -> Threads {
        Threads { steps: Vec::new(), seen: vec![0; size] }
    }

    fn add(&mut self, program: &[Step], at: usize, round: usize) {
        if self.seen[at] == round {
            return;
        }
        self.seen[at] = round;
        match program[at] {
            Step::Jump(to) => self.add(program, to, round),
            Step::Split(a, b) => {
                self.add(program, a, round);
                self.add(program, b, round);
            }
            _ => self.steps.push(at),
        }
    }
}

/// How many places of the text a match ends at.
fn count_matches(program: &[Step], text: &[u8]) -> u32 {
    let mut now = Threads::new(program.len());
    let mut then = Threads::new(program.len());
    let mut matches = 0;
    for (round, &byte) in text.iter().enumerate() {
        now.add(program, 0, round + 1);
        for at in now.steps.drain(..) {
            let goes_on = match &program[at] {
                Step::Any => byte != b'\n',
                Step::Set(set) => set[usize::from(byte)],
                _ => false,
            };
            if goes_on {
                then.add(program, at + 1, round + 2);
            }
        }
        std::mem::swap(&mut now, &mut then);
        matches += u32::from(now.steps.iter().any(|&at| matches!(program[at], Step::Match)));
    }
    matches
}

fn write_text() -> Vec<u8> {
    const PARTS: [&str; 8] = ["wheel 17", "abab", "name@example.org ", "12:45", "\n", "xyzzy", "0x1F ", "colour, color "];
    let mut state = 123_456_789u32;
    let mut text = Vec::new();
    while text.len() < 600 {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        text.extend_from_slice(PARTS[(state >> 9) as usize % PARTS.len()].as_bytes());
    }
    text
}

#[no_mangle]
pub extern "C" fn run(n: u32) -> u32 {
    const PATTERNS: [&str; 7] = [
        "colou?r", "[0-9][0-9]:[0-9][0-9]", "[a-z]+@[a-z]+.(org|com)", "(ab|ba)*x?yz+", "0x[0-9a-fA-F]+",
        "w.*[^a-z ]7", "(a|b|ab)(c|bcd|)y*",
    ];
    let text = write_text();
    let mut sum = 0u32;
    for _ in 0..n {
        for pattern in PATTERNS {
            let mut program = Vec::new();
            compile(Parser::parse(pattern), &mut program);
            program.push(Step::Match);
            sum = sum.wrapping_mul(31).wrapping_add(count_matches(&program, &text));
        }
    }
    sum
}
