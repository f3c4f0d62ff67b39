//! Shortest ways over a hilly map by A*: a heap of the standard library holds what is to be visited, n ways are sought.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

const SIZE: i32 = 64;
const WALL: u8 = 255;
const STEPS: [(i32, i32); 8] = [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1)];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    x: i32,
    y: i32,
}

impl Place {
    fn index(self) -> usize {
        (self.y * SIZE + self.x) as usize
    }

    fn moved(self, (x, y): (i32, i32)) -> Option<Place> {
        let place = Place { x: self.x + x, y: self.y + y };
        let inside = 0..SIZE;
        (inside.contains(&place.x) && inside.contains(&place.y)).then_some(place)
    }

    /// What a way takes at least: 10 for each straight step, 14 for each other one.
    fn distance(self, other: Place) -> u32 {
        let (x, y) = (self.x.abs_diff(other.x), self.y.abs_diff(other.y));
        10 * x.max(y) + 4 * x.min(y)
    }
}

fn next_random(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

struct Map {
    heights: Vec<u8>,
}

impl Map {
    fn random(state: &mut u32) -> Map {
        let mut heights: Vec<u8> = (0..SIZE * SIZE).map(|_| (next_random(state) >> 16) as u8 % 8).collect();
        for _ in 0..SIZE {
            let (start, length) = (next_random(state) >> 4, next_random(state) % 16);
            let step = if start & 1 == 0 { 1 } else { SIZE as usize };
            for i in 0..length as usize {
                let at = start as usize / 2 % heights.len() + i * step;
                if let Some(height) = heights.get_mut(at) {
                    *height = WALL;
                }
            }
        }
        Map { heights }
    }

    fn random_place(&self, state: &mut u32) -> Place {
        loop {
            let random = next_random(state) >> 3;
            let place = Place { x: random as i32 % SIZE, y: (random >> 12) as i32 % SIZE };
            if self.heights[place.index()] != WALL {
                return place;
            }
        }
    }

    /// The cheapest way, if there is one, and its cost; steps between heights cost more.
    fn find_way(&self, start: Place, goal: Place) -> Option<(u32, Vec<Place>)> {
        let mut costs = vec![u32::MAX; self.heights.len()];
        let mut origins: Vec<Option<Place>> = vec![None; self.heights.len()];
        let mut open = BinaryHeap::from([Reverse((start.distance(goal), start))]);
        costs[start.index()] = 0;
        while let Some(Reverse((estimate, place))) = open.pop() {
            let cost = costs[place.index()];
            if place == goal {
                let mut way: Vec<Place> = std::iter::successors(Some(goal), |at| origins[at.index()]).collect();
                way.reverse();
                return Some((cost, way));
            }
            if estimate > cost + place.distance(goal) {
                continue; // it has been reached by a cheaper way since
            }
            let height = self.heights[place.index()];
            for next in STEPS.iter().filter_map(|&step| place.moved(step)) {
                let other = self.heights[next.index()];
                if other == WALL {
                    continue;
                }
                let reached = cost + place.distance(next) + 3 * u32::from(height.abs_diff(other));
                if reached < costs[next.index()] {
                    costs[next.index()] = reached;
                    origins[next.index()] = Some(place);
                    open.push(Reverse((reached + next.distance(goal), next)));
                }
            }
        }
        None
    }
}

#[no_mangle]
pub extern "C" fn run(n: u32) -> u32 {
    let (mut state, mut sum) = (521_288_629u32, 0u32);
    let mut map = Map::random(&mut state);
    for round in 0..n {
        if round % 16 == 15 {
            map = Map::random(&mut state);
        }
        let (start, goal) = (map.random_place(&mut state), map.random_place(&mut state));
        if let Some((cost, way)) = map.find_way(start, goal) {
            let turns = way.windows(3).filter(|w| w[1].x - w[0].x != w[2].x - w[1].x).count();
            sum = sum.wrapping_mul(31).wrapping_add(cost * 8 + way.len() as u32 + turns as u32);
        }
    }
    sum
}
