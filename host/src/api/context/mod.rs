//! The whole of what an operator has set up, to be kept and brought back: `/context/backup`.

pub(super) mod backup;
mod document;
mod instances;
mod providers;
pub(super) mod restore;
mod risk;
