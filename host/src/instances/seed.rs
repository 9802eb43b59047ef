//! The seed of an instance's `Math.random`.

use serde_json::{Map, Value};

use crate::base::{Digest, InstanceId};

/// The configuration field that sets the seed.
pub const SEED_FIELD: &str = "seed";

/// Two instances of one revision draw different numbers, one instance draws the same ones in every replay: the seed comes
/// from the instance's id, unless its configuration names one as a whole number of at least 0.
pub fn seed_of(id: &InstanceId, config: &Map<String, Value>) -> u64 {
    if let Some(seed) = config.get(SEED_FIELD).and_then(Value::as_u64) {
        return seed;
    }
    let digest = Digest::of(format!("sandpit seed\0{id}").as_bytes());
    digest.as_bytes().iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_follows_the_id_unless_the_configuration_sets_one() {
        let (a, b) = (InstanceId::new("a").unwrap(), InstanceId::new("b").unwrap());
        let none = Map::new();
        assert_ne!(seed_of(&a, &none), seed_of(&b, &none));
        assert_eq!(seed_of(&a, &none), seed_of(&a, &none));
        let set = serde_json::json!({ "seed": 7 }).as_object().cloned().unwrap();
        assert_eq!((seed_of(&a, &set), seed_of(&b, &set)), (7, 7));
    }
}
