//! Whose failure it was.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who has to act on a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// The strategy's author: the code did something that is not allowed or not right.
    Guest,
    /// Us: a bug, or a machine out of space.
    Host,
    /// The exchange or the way to it.
    Venue,
    /// Whoever sent the request.
    Client,
}

impl Blame {
    /// The word on the wire and in metric labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Host => "host",
            Self::Venue => "venue",
            Self::Client => "client",
        }
    }
}
