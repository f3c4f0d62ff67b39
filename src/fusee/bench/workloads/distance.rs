//! How far words are from each other: edit distance with neighbours swapped, and the longest common subsequence, of all
//! pairs of generated names, n times.

fn next_random(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

fn smallest(a: u32, b: u32) -> u32 {
    if b < a { b } else { a }
}

/// Steps from one word to the other: a letter inserted, removed or replaced, or two neighbours swapped.
fn edit_distance(a: &[u8], b: &[u8]) -> u32 {
    let width = b.len() + 1;
    let mut table = vec![0u32; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for k in 0..width {
            let at = i * width + k;
            if i == 0 || k == 0 {
                table[at] = (i + k) as u32;
                continue;
            }
            let replaced = table[at - width - 1] + (a[i - 1] != b[k - 1]) as u32;
            let mut least = smallest(replaced, smallest(table[at - 1], table[at - width]) + 1);
            if i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] {
                least = smallest(least, table[at - 2 * width - 2] + 1);
            }
            table[at] = least;
        }
    }
    table[table.len() - 1]
}

/// The letters that both words have in the same order: as many as there can be.
fn common_subsequence(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut lengths = vec![vec![0u16; b.len() + 1]; a.len() + 1];
    for (i, x) in a.iter().enumerate() {
        for (k, y) in b.iter().enumerate() {
            lengths[i + 1][k + 1] = if x == y {
                lengths[i][k] + 1
            } else {
                std::cmp::max(lengths[i][k + 1], lengths[i + 1][k])
            };
        }
    }
    let (mut i, mut k) = (a.len(), b.len());
    let mut letters = Vec::new();
    while i > 0 && k > 0 {
        if a[i - 1] == b[k - 1] {
            letters.push(a[i - 1]);
            i -= 1;
            k -= 1;
        } else if lengths[i - 1][k] >= lengths[i][k - 1] {
            i -= 1;
        } else {
            k -= 1;
        }
    }
    letters.reverse();
    letters
}

fn random_name(state: &mut u32) -> Vec<u8> {
    let parts: [&[u8]; 8] = [b"ann", b"bert", b"cla", b"ri", b"mund", b"ther", b"sig", b"o"];
    let mut name = Vec::new();
    for _ in 0..2 + next_random(state) % 3 {
        name.extend_from_slice(parts[(next_random(state) >> 7) as usize % parts.len()]);
    }
    name
}

#[no_mangle]
pub extern "C" fn run(n: u32) -> u32 {
    let mut state = 362_436_069u32;
    let mut sum = 0u32;
    for _ in 0..n {
        let names: Vec<Vec<u8>> = (0..8).map(|_| random_name(&mut state)).collect();
        for (i, a) in names.iter().enumerate() {
            for b in &names[..i] {
                sum = sum.wrapping_mul(31).wrapping_add(edit_distance(a, b));
                for letter in common_subsequence(a, b) {
                    sum = sum.wrapping_mul(31).wrapping_add(u32::from(letter));
                }
            }
        }
    }
    sum
}
