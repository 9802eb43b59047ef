//! What the tests of the commands show: answers of a host.

use serde_json::{Value, json};

/// A whole hash of one digit.
pub(super) fn hash(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// A strategy with a revision that runs, one that is retired and one that is damaged.
pub(super) fn module() -> Value {
    json!({
        "name": "delay", "file": "delay.js", "path": "delay/aa/delay.js", "selectedRevisionHash": hash('a'),
        "selectedRevisionTag": "v2.0.0", "tags": ["latest", "prod"],
        "tagAliases": { "latest": hash('a'), "next": hash('c'), "prod": hash('a') },
        "revisions": [
            { "hash": hash('a'), "path": "delay/aa/delay.js", "tag": "v2.0.0", "size": 1536,
              "createdAt": "2026-11-20T14:42:32.123456789Z" },
            { "hash": hash('b'), "path": "delay/bb/delay.js", "size": 900, "retired": true },
            { "hash": hash('c'), "path": "delay/cc/delay.js", "size": null,
              "invalid": { "code": "hash_mismatch", "message": "its bytes changed" } },
        ],
        "size": 1536, "engineHash": hash('e'),
        "metadata": { "name": "delay", "displayName": "Delay", "description": "Waits.", "events": ["Trade", "Ticker"] },
        "running": [{ "hash": hash('a'), "instances": ["one", "two"], "count": 2,
                      "firstSeen": "2026-11-20T15:00:00Z", "lastSeen": "2026-11-20T16:00:00Z" }],
    })
}

/// Without the blanks that fill up the last column.
pub(super) fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
