//! Conway's game of life on a torus, n generations: slices, iterators and bounds checks.

const WIDTH: usize = 64;
const HEIGHT: usize = 48;

#[derive(Clone)]
struct World {
    cells: Vec<bool>,
}

impl World {
    fn random(seed: u32) -> World {
        let mut state = seed;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        World { cells: (0..WIDTH * HEIGHT).map(|_| random() >> 16 & 3 == 0).collect() }
    }

    fn neighbours(&self, x: usize, y: usize) -> usize {
        let columns = [(x + WIDTH - 1) % WIDTH, x, (x + 1) % WIDTH];
        let rows = [(y + HEIGHT - 1) % HEIGHT, y, (y + 1) % HEIGHT];
        let around = rows.iter().flat_map(|row| columns.iter().map(move |column| row * WIDTH + column));
        around.filter(|&place| place != y * WIDTH + x && self.cells[place]).count()
    }

    fn next(&self) -> World {
        let places = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y)));
        let lives = |(x, y)| match self.neighbours(x, y) {
            2 => self.cells[y * WIDTH + x],
            3 => true,
            _ => false,
        };
        World { cells: places.map(lives).collect() }
    }

    fn checksum(&self) -> u32 {
        self.cells.iter().fold(0, |sum: u32, &alive| sum.wrapping_mul(31).wrapping_add(u32::from(alive)))
    }
}

#[no_mangle]
pub extern "C" fn run(n: u32) -> u32 {
    let mut world = World::random(88_675_123);
    let mut sum = 0u32;
    for _ in 0..n {
        world = world.next();
        sum = sum.wrapping_mul(31).wrapping_add(world.checksum());
    }
    sum
}
