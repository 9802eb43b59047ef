//! Being built.

pub mod tape;
