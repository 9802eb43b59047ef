//! What the signature of a handler does not say of its operation.

use crate::api::error::Code;

/// A sentence about an operation, and its own refusals.
#[derive(Debug)]
pub(crate) struct About {
    /// The doc comment as the compiler hands it over: the first paragraph is the summary.
    pub(crate) text: &'static str,
    /// Codes besides those that its extractors and the layers around it can refuse with.
    pub(crate) refusals: &'static [Code],
}

/// `about! { /// A sentence. \n [StrategyNotFound, ...] }` beside the handler of a file.
macro_rules! about {
    ($(#[doc = $text:literal])+ [$($code:ident),* $(,)?]) => {
        pub(crate) const ABOUT: crate::api::openapi::About = crate::api::openapi::About {
            text: concat!($($text, "\n"),+),
            refusals: &[$(crate::api::error::Code::$code),*],
        };
    };
}
pub(crate) use about;

impl About {
    /// The first paragraph, in one line, without its full stop.
    pub(super) fn summary(&self) -> String {
        let line = joined(self.text.split("\n\n").next().unwrap_or_default());
        line.strip_suffix('.').map(str::to_owned).unwrap_or(line)
    }

    /// What follows the first paragraph, a line per paragraph.
    pub(super) fn description(&self) -> Option<String> {
        let paragraphs: Vec<String> = self.text.split("\n\n").skip(1).map(joined).filter(|text| !text.is_empty()).collect();
        (!paragraphs.is_empty()).then(|| paragraphs.join("\n\n"))
    }
}

fn joined(paragraph: &str) -> String {
    paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}
