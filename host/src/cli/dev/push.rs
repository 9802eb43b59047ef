//! `--push NAME:TAG`: what is green goes to a running host, once per source, the way `sandpit modules push` does it.

use std::str::FromStr;

use crate::base::{Digest, StrategyName, Tag};
use crate::catalogue::{LATEST, Selector};
use crate::cli::client::Client;
use crate::cli::modules;
use crate::compile::Source;

/// Where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    name: StrategyName,
    tag: Tag,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<Selector>().map_err(|error| error.to_string())? {
            Selector::Tagged(_, tag) if tag.as_str() == LATEST => Err(format!(
                "`{LATEST}` is what the bare name means, and moves only when told to: give another tag, such as {text}",
                text = text.replace(tag.as_str(), "dev")
            )),
            Selector::Tagged(name, tag) => Ok(Self { name, tag }),
            _ => Err("write NAME:TAG, such as demo:dev".to_owned()),
        }
    }
}

/// Remembers what it has uploaded.
pub(super) struct Push {
    client: Client,
    target: Target,
    pushed: Option<Digest>,
}

impl Push {
    /// Nothing was uploaded yet.
    pub(super) fn new(client: Client, target: Target) -> Self {
        Self { client, target, pushed: None }
    }

    /// Uploads a source unless it was the last one; says what became of it, none when there was nothing to do.
    ///
    /// # Errors
    /// In words, when the host refuses it or is not there. It is offered again by the next round.
    pub(super) fn offer(&mut self, source: &Source) -> Result<Option<String>, String> {
        if self.pushed == Some(source.digest()) {
            return Ok(None);
        }
        let Target { name, tag } = &self.target;
        let module = modules::push::source(&self.client, source, name.as_str(), tag.as_str())?;
        self.pushed = Some(source.digest());
        Ok(Some(format!("pushed {name}:{} {}", module.tag, module.hash)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_name_and_a_tag() {
        let read = |text: &str| text.parse::<Target>().map(|target| format!("{}:{}", target.name, target.tag));
        assert_eq!(read("Demo:dev").as_deref(), Ok("demo:dev"));
        assert!(read("demo:latest").is_err_and(|words| words.contains("demo:dev") && words.contains("only when told to")));
        for wrong in ["demo", "demo@sha256:00", "", "a b:c"] {
            assert!(read(wrong).is_err_and(|words| words.contains("write ")), "{wrong}");
        }
    }
}
