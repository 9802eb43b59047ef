//! `sandpit tags`: the pointers of a strategy, where they point and where they pointed.

pub(crate) mod assign;
pub(crate) mod history;
pub(crate) mod ls;
pub(crate) mod rm;

use serde::Deserialize;

use super::Failure;
use super::client::{Client, Request, view};

/// `GET /strategies/modules/{name}/tags`.
#[derive(Debug, Deserialize)]
struct Tags {
    strategy: String,
    tags: Vec<Tag>,
}

/// One pointer, and its last move where the history knows it.
#[derive(Debug, Deserialize)]
struct Tag {
    tag: String,
    hash: String,
    moved: Option<Move>,
}

/// One line of a tag's history.
#[derive(Debug, Deserialize)]
struct Move {
    generation: u64,
    #[serde(default)]
    at: String,
    #[serde(default)]
    action: String,
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    who: String,
    actor: Option<String>,
    reason: Option<String>,
}

impl Move {
    /// Who made it: as claimed, else as authenticated.
    fn by(&self) -> String {
        self.actor.as_ref().unwrap_or(&self.who).clone()
    }
}

fn tags(name: &str) -> Request {
    Request::get(["strategies", "modules", name, "tags"])
}

/// The strategy's pointers as they stand.
fn present(client: &Client, name: &str) -> Result<Tags, Failure> {
    view::read(&client.json(&tags(name))?)
}

impl Tags {
    fn hash(&self, tag: &str) -> Option<&str> {
        self.tags.iter().find(|known| known.tag == tag).map(|known| known.hash.as_str())
    }

    /// The tags on a revision, other than this one.
    fn beside(&self, tag: &str, hash: &str) -> Vec<&str> {
        let on_it = self.tags.iter().filter(|known| known.hash == hash && known.tag != tag);
        on_it.map(|known| known.tag.as_str()).collect()
    }
}

/// A switch of the environment, in the spellings that the gateway's tools took.
fn switch(name: &str, default: bool) -> Result<bool, Failure> {
    let value = std::env::var(name).unwrap_or_default();
    read_switch(&value, default).ok_or_else(|| Failure::Usage(format!("{name} must be true or false")))
}

fn read_switch(text: &str, default: bool) -> Option<bool> {
    match text {
        "" => Some(default),
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_spelled_as_ever() {
        assert_eq!(["", "true", "1", "F", "0"].map(|text| read_switch(text, true)), [true, true, true, false, false].map(Some));
        assert_eq!(read_switch("", false), Some(false));
        assert_eq!(["yes", "no", " true"].map(|text| read_switch(text, true)), [None; 3]);
    }
}
