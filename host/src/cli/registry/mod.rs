//! `sandpit registry`: the registry of a running host, and that of a directory.

pub(crate) mod export;
pub(crate) mod verify;
