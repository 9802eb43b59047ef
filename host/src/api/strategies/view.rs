//! Metadata as clients of the gateway know it: config fields sorted by name.

use crate::sandbox::Metadata;

pub(super) fn shown(metadata: &Metadata) -> Metadata {
    let mut shown = metadata.clone();
    shown.config.sort_by(|a, b| a.name.cmp(&b.name));
    shown
}
