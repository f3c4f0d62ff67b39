//! Words of a generated text counted in maps of the standard library, and a report formatted, n times.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::hash::{BuildHasherDefault, Hasher};

/// Fowler, Noll and Vo's hash: the standard library's own hasher wants random keys.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Counts<'a> = HashMap<&'a str, u32, BuildHasherDefault<Fnv>>;

fn next_random(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

fn write_text(words: usize) -> String {
    const SYLLABLES: [&str; 8] = ["tick", "tock", "fu", "sée", "wheel", "er", "ing", "ung"];
    const ENDS: [&str; 6] = [" ", " ", " ", ", ", ".\n", "-"];
    let mut state = 2_463_534_242;
    let mut text = String::new();
    for _ in 0..words {
        for _ in 0..=(next_random(&mut state) % 3) {
            text.push_str(SYLLABLES[(next_random(&mut state) >> 8) as usize % SYLLABLES.len()]);
        }
        text.push_str(ENDS[(next_random(&mut state) >> 8) as usize % ENDS.len()]);
    }
    text
}

fn count_words(text: &str) -> Counts {
    let mut counts = Counts::default();
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

/// The words by their lengths in characters, the commonest of each length first.
fn report(counts: &Counts) -> String {
    let mut by_length: BTreeMap<usize, Vec<(&str, u32)>> = BTreeMap::new();
    for (word, count) in counts {
        by_length.entry(word.chars().count()).or_default().push((word, *count));
    }
    let mut report = String::new();
    for (length, words) in &mut by_length {
        words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let all: u32 = words.iter().map(|(_, count)| count).sum();
        let share = f64::from(all) / counts.len() as f64;
        writeln!(report, "{length:>3}: {all:5} {share:8.3}").unwrap();
        for (word, count) in words.iter().take(5) {
            writeln!(report, "    {word:<24}|{count:#06x}").unwrap();
        }
    }
    report
}

#[no_mangle]
pub extern "C" fn run(n: u32) -> u32 {
    let text = write_text(2000);
    let mut sum = 0u32;
    for _ in 0..n {
        for byte in report(&count_words(&text)).bytes() {
            sum = sum.wrapping_mul(31).wrapping_add(u32::from(byte));
        }
    }
    sum
}
