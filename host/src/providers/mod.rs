//! Where events come from and orders go to, one folder each: the paper venue, which plays tapes, and later real venues.
//! Knows nothing of instances or HTTP.

pub mod adapter;
pub mod paper;
pub mod tape;

pub use adapter::{AdapterInfo, Setting, adapters};
