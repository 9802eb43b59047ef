//! The server's documents as the tables for people need them: every key may be absent, so that an older host is shown as far
//! as it goes. Documents for programs are passed on as they came and do not come through here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::Failure;

/// Reads a document. Control characters in it are escaped: names and descriptions are written by authors whom nobody has to
/// trust, and a terminal obeys what it is shown.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Failure> {
    serde_json::from_value(harmless(value))
        .map_err(|error| Failure::Failed(format!("the host's answer is not understood ({error}); is it of another version?")))
}

fn harmless(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(escaped(text)),
        Value::Array(all) => all.iter().map(harmless).collect(),
        Value::Object(all) => all.iter().map(|(key, value)| (escaped(key), harmless(value))).collect(),
        other => other.clone(),
    }
}

/// Line ends stay: excerpts of sources have them. What turns the direction of writing goes: it can hide one text in another.
fn escaped(text: &str) -> String {
    let reorders = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if (c.is_control() && c != '\n') || reorders(c) {
            shown.extend(c.escape_default())
        } else {
            shown.push(c)
        }
        shown
    })
}

/// `GET /strategies/modules`.
#[derive(Debug, Deserialize)]
pub(crate) struct Listing {
    pub(crate) modules: Vec<Module>,
    pub(crate) total: usize,
}

/// One strategy, seen from one of its revisions.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) selected_revision_hash: String,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    #[serde(default)]
    pub(crate) tag_aliases: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) revisions: Vec<Revision>,
    #[serde(default)]
    pub(crate) running: Vec<Usage>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) invalid: Option<Invalid>,
}

/// One revision.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Revision {
    pub(crate) hash: String,
    #[serde(default)]
    pub(crate) path: String,
    pub(crate) size: Option<u64>,
    pub(crate) created_at: Option<String>,
    #[serde(default)]
    pub(crate) retired: bool,
    pub(crate) invalid: Option<Invalid>,
}

/// Why a revision must not run.
#[derive(Debug, Deserialize)]
pub(crate) struct Invalid {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) message: String,
}

/// What a revision says about itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    #[serde(default)]
    pub(crate) display_name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) events: Vec<String>,
}

/// Who runs a revision.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    pub(crate) hash: String,
    #[serde(default)]
    pub(crate) instances: Vec<String>,
    #[serde(default)]
    pub(crate) count: usize,
    #[serde(default)]
    pub(crate) first_seen: String,
    #[serde(default)]
    pub(crate) last_seen: String,
}

/// One instance, as lists show it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Instance {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) strategy_selector: String,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) since: String,
}

/// `GET .../usage`.
#[derive(Debug, Deserialize)]
pub(crate) struct RevisionUsage {
    pub(crate) strategy: String,
    pub(crate) hash: String,
    pub(crate) usage: Usage,
    #[serde(default)]
    pub(crate) instances: Vec<Instance>,
    #[serde(default)]
    pub(crate) total: usize,
}

/// A tag with where it points, or where it pointed before.
#[derive(Debug, Deserialize)]
pub(crate) struct Moved {
    pub(crate) tag: String,
    pub(crate) previous: Option<String>,
}

/// `POST /strategies/refresh`, and the part of a tag's move that is one.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Refreshed {
    #[serde(default)]
    pub(crate) results: Vec<RefreshResult>,
}

/// What a refresh did for one selector.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefreshResult {
    #[serde(default)]
    pub(crate) selector: String,
    pub(crate) hash: Option<String>,
    pub(crate) previous_hash: Option<String>,
    #[serde(default)]
    pub(crate) instances: Vec<String>,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) error: Option<String>,
}

/// What a refresh did to one instance.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) reason: String,
    pub(crate) error: Option<OutcomeError>,
}

/// Why an instance did not follow.
#[derive(Debug, Deserialize)]
pub(crate) struct OutcomeError {
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_authors_write_cannot_steer_a_terminal() {
        let metadata: Metadata = read(&json!({ "displayName": "a\u{1b}[2J\u{202e}b\tc\nd ä" })).unwrap();
        assert_eq!(metadata.display_name, "a\\u{1b}[2J\\u{202e}b\\tc\nd ä");
    }

    #[test]
    fn an_answer_of_another_shape_is_told() {
        let Err(Failure::Failed(message)) = read::<Listing>(&json!({ "modules": 1 })) else { panic!("it is no listing") };
        assert!(message.contains("another version"), "{message}");
    }
}
