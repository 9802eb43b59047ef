//! The desk against a real small venue.

pub(crate) mod events;
