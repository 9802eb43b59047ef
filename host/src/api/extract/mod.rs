//! What handlers take out of a request. Whatever a handler does not ask for is refused by name, so that a misspelt option
//! never passes in silence.

mod body;
mod by;
mod path;
mod query;
mod rule;

pub(super) use body::{Body, MaybeBody};
pub(super) use by::{By, Identity};
pub(super) use path::{Segment, Segments};
pub(super) use query::{FromQuery, Parameters, Query};
pub(super) use rule::Rule;
