//! What becomes of the open orders of an instance that stops or is deleted.

use serde::Serialize;
use utoipa::ToSchema;

use super::roster::Instances;
use crate::base::{InstanceId, ProviderName};
use crate::market::ClientOrderId;

/// What an operator wants to become of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenOrders {
    /// They stay at the venue.
    Keep,
    /// The venue is asked to cancel them.
    Cancel,
}

/// What was done about them. What becomes of each is told by its reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftOrders {
    /// Orders that the venue was asked to cancel.
    pub cancelling: usize,
    /// Orders that could not be cancelled now: they stay open.
    pub kept: Vec<KeptOrder>,
}

/// An order that stays open against the operator's wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptOrder {
    /// Its client order id.
    #[schema(value_type = String)]
    pub id: ClientOrderId,
    /// Where it rests.
    pub provider: ProviderName,
    /// Why it could not be cancelled.
    pub reason: String,
}

impl Instances {
    /// None when they are to be kept or there are none.
    pub(super) fn leave_orders(&self, instance: &InstanceId, wish: OpenOrders) -> Option<LeftOrders> {
        if wish == OpenOrders::Keep {
            return None;
        }
        let desk = &self.floors.desk;
        let open = desk.open_orders(instance, None, None);
        let mut left = LeftOrders { cancelling: 0, kept: Vec::new() };
        for record in &open {
            let (id, provider) = (&record.request.client_order_id, &record.request.provider);
            let now = desk.provider(provider.as_str()).map(|provider| provider.clock().now());
            match desk.cancel(instance, id.as_str(), now.unwrap_or(record.request.requested_at)) {
                Ok(()) => left.cancelling += 1,
                Err(error) => left.kept.push(KeptOrder { id: id.clone(), provider: provider.clone(), reason: error.to_string() }),
            }
        }
        (!open.is_empty()).then_some(left)
    }
}
