//! What the event stream of an instance says, in the words of the list routes: an order there and an order here have the same
//! keys. Written out when it is sent, never before.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::Timestamp;
use crate::instances::news::{ProviderNews, StatusNews, denial_of};
use crate::instances::{LastError, LogLine, News, Status};
use crate::market::{Event, ExecutionReport, OrderRequest, Payload, RiskControl, RiskStatus};

/// The data of one event.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Data<'a> {
    Order(Box<OrderNews<'a>>),
    Execution(ExecutionNews<'a>),
    Denial(DenialNews<'a>),
    Risk(RiskNews<'a>),
    Log(&'a LogLine),
    Fault(&'a LastError),
    Status(StatusData),
    Provider(ProviderData<'a>),
}

/// As in `GET .../orders`, as far as a report tells it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderNews<'a> {
    id: &'a str,
    provider: &'a str,
    strategy_instance: &'a str,
    client_order_id: &'a str,
    symbol: &'a str,
    side: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    time_in_force: &'static str,
    quantity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    state: &'static str,
    filled_quantity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    average_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_reference: Option<&'a str>,
    placed_at: u64,
    placed_time: String,
    /// When the venue says that the order came to this state, RFC 3339.
    reported_time: String,
}

/// As in `GET .../executions`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExecutionNews<'a> {
    order_id: &'a str,
    provider: &'a str,
    execution_id: &'a str,
    strategy_instance: &'a str,
    symbol: &'a str,
    side: &'static str,
    quantity: String,
    price: String,
    fee: String,
    fee_asset: &'a str,
    liquidity: &'static str,
    traded_at: u64,
    traded_time: String,
}

/// As in `GET .../denials`, without its numbers: those come with the event `risk`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DenialNews<'a> {
    strategy_instance: &'a str,
    provider: &'a str,
    symbol: &'a str,
    client_order_id: &'a str,
    code: &'static str,
    message: &'a str,
    denied_at: u64,
    denied_time: String,
}

/// What handlers get as `RiskControl`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RiskNews<'a> {
    strategy_instance: &'a str,
    provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<&'a str>,
    status: RiskStatus,
    breach_type: &'static str,
    reason: &'a str,
    metrics: &'a BTreeMap<String, String>,
    kill_switch_engaged: bool,
    circuit_breaker_open: bool,
    time: String,
}

/// Where the instance came from and stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusData {
    from: Status,
    status: Status,
    running: bool,
    since: String,
}

/// What a provider of the scope is now.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProviderData<'a> {
    name: &'a str,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    at: String,
}

/// None for an event that is not what its place in the feed says; there are none.
pub(super) fn data(news: &News) -> Option<Data<'_>> {
    Some(match news {
        News::Order(event) => Data::Order(Box::new(order(report(event)?))),
        News::Execution(event) => Data::Execution(execution(report(event)?)?),
        News::Denial(event) => Data::Denial(denial(report(event)?)?),
        News::Risk(event) => Data::Risk(risk(event)?),
        News::Log(line) => Data::Log(line),
        News::Fault(error) => Data::Fault(error),
        News::Status(step) => Data::Status(status(*step)),
        News::Provider(news) => Data::Provider(provider(news)),
    })
}

fn report(event: &Event) -> Option<&(OrderRequest, ExecutionReport)> {
    match &event.payload {
        Payload::ExecReport(report) => Some(report),
        _ => None,
    }
}

fn order((request, report): &(OrderRequest, ExecutionReport)) -> OrderNews<'_> {
    let denied = denial_of(report).is_some();
    OrderNews {
        id: request.client_order_id.as_str(),
        provider: request.provider.as_str(),
        strategy_instance: request.instance.as_str(),
        client_order_id: request.client_order_id.as_str(),
        symbol: request.symbol.as_str(),
        side: request.side.as_str(),
        kind: request.order_type.as_str(),
        time_in_force: request.time_in_force.as_str(),
        quantity: request.quantity.to_string(),
        price: request.price.map(|price| price.to_string()),
        state: if denied { "DENIED" } else { report.state.as_str() },
        average_price: (!report.filled_quantity.is_zero()).then(|| report.average_price.normalize().to_string()),
        filled_quantity: report.filled_quantity.normalize().to_string(),
        reason: report.reason.as_deref(),
        external_reference: Some(report.venue_order_id.as_str()).filter(|id| !id.is_empty()),
        placed_at: request.requested_at.as_secs(),
        placed_time: request.requested_at.to_rfc3339(),
        reported_time: report.time.to_rfc3339(),
    }
}

fn execution((request, report): &(OrderRequest, ExecutionReport)) -> Option<ExecutionNews<'_>> {
    let fill = report.fill.as_ref()?;
    Some(ExecutionNews {
        order_id: request.client_order_id.as_str(),
        provider: request.provider.as_str(),
        execution_id: &fill.execution_id,
        strategy_instance: request.instance.as_str(),
        symbol: request.symbol.as_str(),
        side: request.side.as_str(),
        quantity: fill.quantity.to_string(),
        price: fill.price.to_string(),
        fee: fill.fee.to_string(),
        fee_asset: &fill.fee_asset,
        liquidity: fill.liquidity.as_str(),
        traded_at: report.time.as_secs(),
        traded_time: report.time.to_rfc3339(),
    })
}

fn denial((request, report): &(OrderRequest, ExecutionReport)) -> Option<DenialNews<'_>> {
    let (code, message) = denial_of(report)?;
    Some(DenialNews {
        strategy_instance: request.instance.as_str(),
        provider: request.provider.as_str(),
        symbol: request.symbol.as_str(),
        client_order_id: request.client_order_id.as_str(),
        code: code.as_str(),
        message,
        denied_at: report.time.as_secs(),
        denied_time: report.time.to_rfc3339(),
    })
}

fn risk(event: &Event) -> Option<RiskNews<'_>> {
    let Payload::RiskControl(control) = &event.payload else { return None };
    let RiskControl { instance, status, reason, breach_type, metrics, kill_switch_engaged, circuit_breaker_open, time } =
        control.as_ref();
    Some(RiskNews {
        strategy_instance: instance.as_str(),
        provider: event.provider.as_str(),
        symbol: event.symbol.as_ref().map(|symbol| symbol.as_str()),
        status: *status,
        breach_type,
        reason,
        metrics,
        kill_switch_engaged: *kill_switch_engaged,
        circuit_breaker_open: *circuit_breaker_open,
        time: time.to_rfc3339(),
    })
}

fn status(step: StatusNews) -> StatusData {
    StatusData { from: step.from, status: step.to, running: step.to.is_running(), since: Timestamp::to_rfc3339(step.at) }
}

fn provider(news: &ProviderNews) -> ProviderData<'_> {
    ProviderData {
        name: news.name.as_str(),
        status: news.status.to_string(),
        reason: news.reason.as_deref(),
        at: Timestamp::to_rfc3339(news.at),
    }
}
