//! How requests may spell what answers spell in one way only.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A hash as requests may have it. Stands for a type in descriptions; the operations read the text.
pub(in crate::api) struct AnyHash;

impl PartialSchema for AnyHash {
    fn schema() -> RefOr<Schema> {
        let digits = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^(sha256:)?[0-9A-Fa-f]{64}$"));
        digits.description(Some("A SHA-256 digest: 64 hex digits of either case, with or without `sha256:`.")).into()
    }
}

impl ToSchema for AnyHash {}
