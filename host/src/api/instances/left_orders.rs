//! The parameter `orders` of a stop and of a deletion: what becomes of the instance's open orders.

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Rule};
use crate::instances::OpenOrders;

const RULE: Rule = Rule::OneOf(|| vec!["keep", "cancel"]);

fn wish(text: &str) -> Option<OpenOrders> {
    match text {
        "keep" => Some(OpenOrders::Keep),
        "cancel" => Some(OpenOrders::Cancel),
        _ => None,
    }
}

/// Who stops an instance means to start it again.
pub(crate) struct OnStop(pub(super) OpenOrders);

impl FromQuery for OnStop {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self(
            parameters
                .says("What becomes of its open orders; they are kept when nothing is said.")
                .parsed("orders", RULE, wish)?
                .unwrap_or(OpenOrders::Keep),
        ))
    }
}

/// An order without an owner is nobody's.
pub(crate) struct OnDelete(pub(super) OpenOrders);

impl FromQuery for OnDelete {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self(
            parameters
                .says("What becomes of its open orders; they are cancelled when nothing is said.")
                .parsed("orders", RULE, wish)?
                .unwrap_or(OpenOrders::Cancel),
        ))
    }
}
