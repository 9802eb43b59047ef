//! The parameter `orders` of a stop and of a deletion: what becomes of the instance's open orders.

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters};
use crate::instances::OpenOrders;

const RULE: &str = "`keep` or `cancel`";

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
        Ok(Self(parameters.parsed("orders", RULE, wish)?.unwrap_or(OpenOrders::Keep)))
    }
}

/// An order without an owner is nobody's.
pub(crate) struct OnDelete(pub(super) OpenOrders);

impl FromQuery for OnDelete {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self(parameters.parsed("orders", RULE, wish)?.unwrap_or(OpenOrders::Cancel)))
    }
}
