//! `Math.random`: xoshiro256++, seeded when the instance starts. The same seed gives the same numbers on every host.

use std::cell::Cell;

use super::add;
use crate::js::{JsResult, Value};

thread_local! {
    static STATE: Cell<[u64; 4]> = const { Cell::new([1, 2, 3, 4]) };
}

/// Spreads the seed over the state with SplitMix64, as the generator's authors advise.
pub fn seed(seed: u64) {
    let mut counter = seed;
    STATE.set([(); 4].map(|()| {
        counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = counter;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }));
}

fn next() -> u64 {
    let mut state = STATE.get();
    let result = state[0].wrapping_add(state[3]).rotate_left(23).wrapping_add(state[0]);
    let shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = state[3].rotate_left(45);
    STATE.set(state);
    result
}

/// For `random_get`: nothing in the engine needs secrets, only the same bytes in every run.
pub fn byte() -> u8 {
    next() as u8
}

pub fn install(globals: &Value) -> JsResult<()> {
    seed(0);
    let math = globals.get_str(c"Math")?;
    // 53 bits, the precision of a double.
    add(&math, "random", 0, |_| Ok(Value::number((next() >> 11) as f64 / (1u64 << 53) as f64)))
}
