//! A trie of words, each node a box of its own: words are added, counted by their beginnings, found as the longest in a
//! text, and removed again with the nodes that nothing else needs, n times.

const LETTERS: usize = 26;

#[derive(Default)]
struct Node {
    children: [Option<Box<Node>>; LETTERS],
    words: u32,
}

fn place_of(letter: u8) -> usize {
    usize::from(letter - b'a')
}

impl Node {
    fn insert(&mut self, word: &[u8]) {
        let mut node = self;
        for &letter in word {
            node = node.children[place_of(letter)].get_or_insert_with(Default::default);
        }
        node.words += 1;
    }

    fn find(&self, word: &[u8]) -> Option<&Node> {
        match word.split_first() {
            None => Some(self),
            Some((&letter, rest)) => self.children[place_of(letter)].as_deref()?.find(rest),
        }
    }

    fn count(&self) -> u32 {
        self.words + self.children.iter().flatten().map(|child| child.count()).sum::<u32>()
    }

    fn is_empty(&self) -> bool {
        self.words == 0 && self.children.iter().all(Option::is_none)
    }

    /// Whether the word was there; nodes that have become empty are freed on the way back.
    fn remove(&mut self, word: &[u8]) -> bool {
        let (letter, rest) = match word.split_first() {
            Some((&letter, rest)) => (letter, rest),
            None => {
                let found = self.words > 0;
                self.words = self.words.saturating_sub(1);
                return found;
            }
        };
        let slot = &mut self.children[place_of(letter)];
        let found = slot.as_mut().map_or(false, |child| child.remove(rest));
        if slot.as_ref().map_or(false, |child| child.is_empty()) {
            *slot = None;
        }
        found
    }

    fn longest_match(&self, text: &[u8]) -> usize {
        let (mut node, mut longest) = (self, 0);
        for (at, &letter) in text.iter().enumerate() {
            match &node.children[place_of(letter)] {
                Some(child) => node = child,
                None => break,
            }
            if node.words > 0 {
                longest = at + 1;
            }
        }
        longest
    }

    /// All words in their order, each with how often it was added.
    fn collect(&self, word: &mut Vec<u8>, found: &mut Vec<(Vec<u8>, u32)>) {
        if self.words > 0 {
            found.push((word.clone(), self.words));
        }
        for (place, child) in self.children.iter().enumerate() {
            if let Some(child) = child {
                word.push(b'a' + place as u8);
                child.collect(word, found);
                word.pop();
            }
        }
    }
}

fn next_random(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

fn make_words(state: &mut u32, count: usize) -> Vec<Vec<u8>> {
    const SYLLABLES: [&str; 10] = ["ba", "ke", "mo", "tri", "e", "lun", "dor", "s", "pha", "qui"];
    let mut word = |_| {
        let syllables = 1 + next_random(state) % 4;
        (0..syllables).flat_map(|_| SYLLABLES[(next_random(state) >> 9) as usize % 10].bytes()).collect()
    };
    (0..count).map(&mut word).collect()
}

#[no_mangle]
pub extern "C" fn run(n: u32) -> u32 {
    let (mut state, mut sum) = (2_463_534_242u32, 0u32);
    let mut mix = |value: u32| sum = (sum ^ value).wrapping_mul(16_777_619);
    for _ in 0..n {
        let words = make_words(&mut state, 120);
        let text: Vec<u8> = make_words(&mut state, 80).concat();
        let mut root = Node::default();
        words.iter().for_each(|word| root.insert(word));
        for word in &words {
            let beginning = &word[..word.len().min(3)];
            mix(root.find(beginning).map_or(0, Node::count));
        }
        for at in 0..text.len() {
            mix(root.longest_match(&text[at..]) as u32);
        }
        words.iter().step_by(2).for_each(|word| mix(u32::from(root.remove(word))));
        let mut found = Vec::new();
        root.collect(&mut Vec::new(), &mut found);
        for (word, times) in found {
            mix(times + word.iter().map(|&letter| u32::from(letter)).sum::<u32>());
        }
        words.iter().for_each(|word| mix(u32::from(root.remove(word))));
        mix(u32::from(root.is_empty()));
    }
    sum
}
