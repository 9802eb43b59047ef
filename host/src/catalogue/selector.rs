//! The ways to say one revision, read once at the door: `name`, `name:tag`, `name@hash`, `hash`.

use std::fmt;
use std::str::FromStr;

use crate::base::id::NameError;
use crate::base::{Digest, StrategyName, Tag};

/// The tag that a bare name follows.
pub const LATEST: &str = "latest";

/// A selector that follows the grammar; whether it selects anything is for the catalogue to say.
///
/// Names are trimmed and lower-cased, tags are case-sensitive (but `latest` in any spelling is `latest`), hashes may have
/// either case and may go without `sha256:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// `<64 hex>` or `sha256:<64 hex>`: this revision, of any strategy.
    Hash(Digest),
    /// `name@hash`: this revision of this strategy, for ever.
    Pinned(StrategyName, Digest),
    /// `name:tag`: what the tag points to now.
    Tagged(StrategyName, Tag),
    /// `name`: what `latest` points to now; to delete, all of its revisions.
    Name(StrategyName),
}

/// Text that is not a selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("selector `{given}` is not allowed: {reason}; write name, name:tag, name@sha256:<64 hex> or sha256:<64 hex>")]
pub struct SelectorError {
    /// What was given, cut to 80 characters and with control characters escaped.
    pub given: String,
    /// What is wrong with it.
    pub reason: String,
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let refuse = |reason: String| SelectorError { given: quoted(text), reason };
        let trimmed = text.trim();
        let hash = |hash: &str| hash.parse::<Digest>().map_err(|error| refuse(error.to_string()));
        let name = |name: &str| strategy_name(name).map_err(|error| refuse(error.rule.to_owned()));
        if trimmed.starts_with("sha256:") || is_hex64(trimmed) {
            return hash(trimmed).map(Self::Hash);
        }
        if let Some((left, right)) = trimmed.split_once('@') {
            return Ok(Self::Pinned(name(left)?, hash(right)?));
        }
        if let Some((left, right)) = trimmed.rsplit_once(':') {
            let tag = Tag::new(right).map_err(|error| refuse(format!("a tag is {}", error.rule)))?;
            return Ok(Self::Tagged(name(left)?, if tag.is_latest() { latest() } else { tag }));
        }
        name(trimmed).map(Self::Name)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(hash) => write!(f, "{hash}"),
            Self::Pinned(name, hash) => write!(f, "{name}@{hash}"),
            Self::Tagged(name, tag) => write!(f, "{name}:{tag}"),
            Self::Name(name) => write!(f, "{name}"),
        }
    }
}

/// A strategy's name as people give it: trimmed and lower-cased. What a selector could not say (64 hex digits, `sha256`) is
/// no name.
///
/// # Errors
/// [`NameError`] quoting the rule.
pub fn strategy_name(text: &str) -> Result<StrategyName, NameError> {
    let name = StrategyName::new(&text.trim().to_ascii_lowercase())?;
    if is_hex64(name.as_str()) || name.as_str() == "sha256" {
        let rule = "a name may not be `sha256` or be shaped like a hash, or it could not be told from one";
        return Err(NameError { kind: "strategy name", given: quoted(text), rule });
    }
    Ok(name)
}

/// The tag `latest`.
#[expect(clippy::expect_used, reason = "the literal follows the grammar of tags, as the tests of this file show")]
pub(super) fn latest() -> Tag {
    Tag::new(LATEST).expect("`latest` is a tag")
}

fn is_hex64(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a client sent, fit for a message.
pub(super) fn quoted(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_written_back() {
        let hex = "ab".repeat(32);
        let cases = [
            ("delay".to_owned(), "delay".to_owned()),
            (" Delay ".to_owned(), "delay".to_owned()),
            ("delay:v2".to_owned(), "delay:v2".to_owned()),
            ("delay:V2".to_owned(), "delay:V2".to_owned()),
            ("delay:LATEST".to_owned(), "delay:latest".to_owned()),
            (format!("delay@{hex}"), format!("delay@sha256:{hex}")),
            (format!("Delay@sha256:{}", hex.to_uppercase()), format!("delay@sha256:{hex}")),
            (hex.to_uppercase(), format!("sha256:{hex}")),
            (format!("sha256:{hex}"), format!("sha256:{hex}")),
        ];
        for (given, canonical) in cases {
            let selector: Selector = given.parse().unwrap();
            assert_eq!(selector.to_string(), canonical, "{given}");
            assert_eq!(canonical.parse(), Ok(selector), "{given}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        let hex = "ab".repeat(32);
        let mut bad: Vec<String> = vec![format!("delay:{hex}"), format!("delay@sha256:{}", &hex[1..]), format!("a@{hex}@{hex}")];
        bad.push(format!("delay@v1:{hex}"));
        bad.push(format!("{hex}:v1"));
        bad.push(format!("sha512:{hex}"));
        bad.push("a".repeat(65));
        bad.push(format!("delay:{}", "a".repeat(129)));
        let forms = [
            "",
            " ",
            ":",
            "@",
            "delay:",
            ":v1",
            "delay@",
            "@sha256:00",
            "delay@sha256:00",
            "sha256:00",
            "sha256:v1",
            "sha256",
            "a/b",
            "../x",
            "..",
            ".",
            "a\\b",
            "%2e%2e",
            "a;b",
            "a//b",
            "a b",
            "dela\u{0}y",
            "dela\ny",
            "del\u{202e}ay",
            "del\u{200b}ay",
            "\u{feff}delay",
            "délay",
            "delay:a b",
            "delay:a/b",
            "delay:a..b/c",
            "delay: v1",
            "delay:\u{202e}x",
            "a:b:c",
            "-a",
            ".a",
        ];
        bad.extend(forms.map(str::to_owned));
        for text in bad {
            let error = text.parse::<Selector>().expect_err(&text);
            assert!(!error.to_string().contains(['\n', '\u{202e}']), "{error}");
        }
    }
}
