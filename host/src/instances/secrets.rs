//! Which keys of a configuration hold what must never leave the host: told by their names, as the gateway did.

use serde_json::{Map, Value};

/// Parts of names, in lower case.
const FRAGMENTS: &[&str] = &[
    "secret",
    "passphrase",
    "apikey",
    "api_key",
    "api-key",
    "token",
    "password",
    "passwd",
    "privatekey",
    "private_key",
    "private-key",
    "credential",
];

/// Whether the name of a key says that its value is a secret.
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    FRAGMENTS.iter().any(|fragment| key.contains(fragment))
}

/// Takes out what is secret, at any depth; the paths of what was taken are added to `taken`.
pub fn strip(config: &mut Map<String, Value>, path: &str, taken: &mut Vec<String>) {
    config.retain(|key, _| {
        let secret = is_secret(key);
        if secret {
            taken.push(format!("{path}.{key}"));
        }
        !secret
    });
    for (key, value) in config.iter_mut() {
        strip_value(value, &format!("{path}.{key}"), taken);
    }
}

fn strip_value(value: &mut Value, path: &str, taken: &mut Vec<String>) {
    match value {
        Value::Object(inner) => strip(inner, path, taken),
        Value::Array(items) => {
            for (place, item) in items.iter_mut().enumerate() {
                strip_value(item, &format!("{path}[{place}]"), taken);
            }
        }
        _ => {}
    }
}

/// Puts back secrets that `known` has and `config` has no value for: what was stripped from a backup of the same thing.
pub fn keep_known(config: &mut Map<String, Value>, known: &Map<String, Value>) {
    for (key, value) in known {
        match (config.get_mut(key), value) {
            (None, _) if is_secret(key) => {
                config.insert(key.clone(), value.clone());
            }
            (Some(Value::Object(inner)), Value::Object(known)) => keep_known(inner, known),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn secrets_are_taken_out_at_any_depth_and_put_back_where_they_are_known() {
        let whole = json!({
            "depth": 5, "api_key": "k", "apiSecret": "s", "venue": { "Passphrase": "p", "url": "u", "inner": { "accessToken": 1 } },
            "many": [{ "password": "x", "user": "y" }],
        });
        let (mut config, mut taken) = (object(&whole), Vec::new());
        strip(&mut config, "config", &mut taken);
        let left = json!({ "depth": 5, "venue": { "url": "u", "inner": {} }, "many": [{ "user": "y" }] });
        assert_eq!(Value::Object(config.clone()), left);
        taken.sort();
        let paths = [
            "config.apiSecret",
            "config.api_key",
            "config.many[0].password",
            "config.venue.Passphrase",
            "config.venue.inner.accessToken",
        ];
        assert_eq!(taken, paths);
        config.insert("depth".to_owned(), json!(9));
        keep_known(&mut config, &object(&whole));
        let kept = json!({
            "depth": 9, "api_key": "k", "apiSecret": "s", "venue": { "Passphrase": "p", "url": "u", "inner": { "accessToken": 1 } },
            "many": [{ "user": "y" }],
        });
        assert_eq!(Value::Object(config), kept);
    }
}
