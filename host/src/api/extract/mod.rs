//! What handlers take out of a request. Whatever a handler does not ask for is refused by name, so that a misspelt option
//! never passes in silence.

mod body;
mod path;
mod query;

pub(super) use body::Body;
pub(super) use path::Segment;
pub(super) use query::{FromQuery, Parameters, Query};
