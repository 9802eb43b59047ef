//! `sandpit instances`: the instances of a running host, what they do and what they say.

pub(crate) mod events;
pub(crate) mod logs;
pub(crate) mod ls;
pub(crate) mod rm;
pub(crate) mod show;
pub(crate) mod start;
pub(crate) mod stop;

use serde::Deserialize;

use super::client::{Method, Request};

/// What becomes of open orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Orders {
    /// They stay at the venue.
    Keep,
    /// The venue is asked to cancel them.
    Cancel,
}

impl Orders {
    fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Cancel => "cancel",
        }
    }
}

/// What a stop or a deletion says about open orders.
#[derive(Debug, Deserialize)]
struct Ended {
    orders: Option<Left>,
}

#[derive(Debug, Deserialize)]
struct Left {
    #[serde(default)]
    cancelling: usize,
    #[serde(default)]
    kept: Vec<Kept>,
}

#[derive(Debug, Deserialize)]
struct Kept {
    id: String,
    #[serde(default)]
    reason: String,
}

impl Ended {
    /// In a sentence of its own; nothing where there is nothing to say.
    fn text(&self) -> String {
        let Some(left) = &self.orders else { return String::new() };
        let mut text = format!("; {} of its orders are being cancelled", left.cancelling);
        for kept in &left.kept {
            text.push_str(&format!("\n  {} stays open: {}", kept.id, kept.reason));
        }
        text
    }
}

/// One instance, or a part of one.
fn request(method: Method, id: &str, rest: &[&str]) -> Request {
    Request::new(method, ["strategy", "instances", id].into_iter().chain(rest.iter().copied()))
}
