//! Where instances stand with risk: for the control plane. Nothing here changes anything.

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::bus::locked;
use crate::market::{DecimalText, Symbol};
use crate::trading::Desk;
use crate::trading::day::{budget_of, day_of};
use crate::trading::lane::Lane;
use crate::trading::risk::{Block, DayFigures, StopVerb};
use crate::trading::ward::{Budget, Ward};

/// What the risk check thinks of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RiskState {
    /// Since the last reset.
    pub breaches: u32,
    /// Nothing is sent: its own kill switch, its circuit breaker or the host's kill switch.
    pub kill_switch_engaged: bool,
    /// It is the circuit breaker: it lets go by itself when its cooldown is over.
    pub circuit_breaker_open: bool,
    /// Why, when something is engaged.
    #[schema(required)]
    pub reason: Option<String>,
    /// When the circuit breaker lets go, by the provider's clock, in RFC 3339.
    #[schema(value_type = Option<Timestamp>, required)]
    pub until: Option<String>,
    /// Its own kill switch or circuit breaker, when engaged.
    #[schema(required)]
    pub kill_switch: Option<Engaged>,
    /// The host's kill switch, when engaged.
    #[schema(required)]
    pub host_kill_switch: Option<Engaged>,
    /// How far the closing of its positions has come, when a kill switch asks for it.
    #[schema(required)]
    pub flatten: Option<Flatten>,
    /// Its money of today, per quote currency, when it has a budget.
    pub day: Vec<Day>,
}

/// A kill switch that is engaged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Engaged {
    /// What it does.
    pub action: StopVerb,
    /// In words.
    pub reason: String,
    /// Who engaged it: an operator, or `risk`.
    pub who: String,
    /// RFC 3339: of the host's clock when an operator engaged it, else of the provider's.
    #[schema(value_type = Timestamp)]
    pub since: String,
    /// When it lets go by itself, by the provider's clock, RFC 3339; none until an operator resets it.
    #[schema(value_type = Option<Timestamp>, required)]
    pub until: Option<String>,
}

/// Where the closing of positions stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FlattenState {
    /// Something is left, and something is done about it as soon as it can be.
    Flattening,
    /// Nothing is open and nothing is held.
    Flat,
    /// Something is left that cannot be closed; `left` says why.
    Failed,
}

/// The closing of an instance's positions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Flatten {
    /// Where it stands.
    pub state: FlattenState,
    /// What is left.
    pub left: Vec<Left>,
}

/// What is left of one symbol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// Where.
    pub provider: ProviderName,
    /// Of what.
    pub symbol: Symbol,
    /// Base currency, signed.
    #[schema(value_type = DecimalText)]
    pub quantity: Decimal,
    /// Orders that are not final.
    pub open_orders: usize,
    /// What it waits for, or why it goes no further.
    #[schema(required)]
    pub reason: Option<String>,
}

/// The money of today in one quote currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RiskDay)]
pub struct Day {
    /// The quote currency.
    pub currency: String,
    /// Fees paid, minus profit realised, plus what open positions would lose now. Negative is a gain.
    #[schema(value_type = DecimalText)]
    pub loss: Decimal,
    /// Fees paid.
    #[schema(value_type = DecimalText)]
    pub fees: Decimal,
    /// Until the day ends, only orders that reduce a position pass.
    pub loss_reached: bool,
    /// The same, because of the fees.
    pub fees_reached: bool,
}

/// Where the host stands with risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostRisk {
    /// Its kill switch, when engaged.
    pub kill_switch: Option<Engaged>,
    /// Every instance that has something engaged, by id.
    pub instances: Vec<(InstanceId, RiskState)>,
}

impl From<&Block> for Engaged {
    fn from(block: &Block) -> Self {
        Self {
            action: block.verb,
            reason: block.reason.clone(),
            who: block.who.clone(),
            since: block.since.to_rfc3339(),
            until: block.until.as_ref().map(|(_, until)| until.to_rfc3339()),
        }
    }
}

impl Desk {
    /// What the risk check thinks of an instance; nothing in particular for one it does not know.
    pub fn risk_state(&self, instance: &InstanceId) -> RiskState {
        self.state_of(&self.ward(instance))
    }

    /// What is engaged, of the host and of instances.
    pub fn host_risk(&self) -> HostRisk {
        let kill_switch = locked(&self.host_stop).as_ref().map(Engaged::from);
        let wards = self.all_wards();
        let mut instances: Vec<_> = wards
            .iter()
            .map(|ward| (ward.instance.clone(), self.state_of(ward)))
            .filter(|(_, state)| {
                let used_up = state.day.iter().any(|day| day.loss_reached || day.fees_reached);
                state.kill_switch.is_some() || state.flatten.is_some() || used_up
            })
            .collect();
        instances.sort_by(|a, b| a.0.cmp(&b.0));
        HostRisk { kill_switch, instances }
    }

    fn state_of(&self, ward: &Ward) -> RiskState {
        let trader = self.trader(&ward.instance).ok();
        if let Some(trader) = &trader {
            self.refresh(trader, None);
        }
        let host = locked(&self.host_stop).as_ref().map(Engaged::from);
        let guard = locked(&ward.guard);
        let (breaches, own) = (guard.breaches(), guard.block().map(Engaged::from));
        drop(guard);
        let until = own.as_ref().and_then(|own| own.until.clone()).filter(|_| host.is_none());
        RiskState {
            breaches,
            kill_switch_engaged: host.is_some() || own.is_some(),
            circuit_breaker_open: until.is_some(),
            reason: host.as_ref().or(own.as_ref()).map(|engaged| engaged.reason.clone()),
            until,
            kill_switch: own,
            host_kill_switch: host,
            flatten: (self.verb(ward) == Some(StopVerb::Flatten)).then(|| self.flatten_of(ward)),
            day: self.days(&ward.instance),
        }
    }

    /// Whether positions are being closed: not when there is nothing left, when it was given up, or while all that is left waits for
    /// something outside.
    pub(super) fn is_flattening(&self, ward: &Ward) -> bool {
        let flatten = self.flatten_of(ward);
        flatten.state == FlattenState::Flattening && flatten.left.iter().any(|left| left.reason.is_none())
    }

    fn flatten_of(&self, ward: &Ward) -> Flatten {
        let admitted = self.trader(&ward.instance).is_ok();
        let (mut left, mut stuck) = (Vec::new(), 0);
        for lane in self.all_lanes() {
            let waits =
                if admitted { waits_for(&lane) } else { Some("the instance was not started since the host began".to_owned()) };
            let book = locked(&lane.book);
            for (symbol, holding) in book.line(&ward.instance).into_iter().flat_map(|line| &line.holdings) {
                let quantity = holding.ledger.position.quantity.normalize();
                if quantity.is_zero() && holding.open.is_empty() {
                    continue;
                }
                let key = (lane.name.clone(), symbol.clone());
                let given_up = locked(&ward.closings).get(&key).and_then(|closing| closing.stuck.clone());
                stuck += usize::from(given_up.is_some());
                let (provider, symbol) = key;
                let reason = given_up.or_else(|| waits.clone());
                left.push(Left { provider, symbol, quantity, open_orders: holding.open.len(), reason });
            }
        }
        let state = match left.len() {
            0 => FlattenState::Flat,
            all if all == stuck => FlattenState::Failed,
            _ => FlattenState::Flattening,
        };
        Flatten { state, left }
    }

    fn days(&self, instance: &InstanceId) -> Vec<Day> {
        let Ok(trader) = self.trader(instance) else { return Vec::new() };
        let limits = &trader.limits;
        if [Budget::Loss, Budget::Fees].iter().all(|budget| budget_of(limits, *budget).is_none()) {
            return Vec::new();
        }
        let mut currencies: Vec<&str> =
            trader.details.scope.iter().flat_map(|(_, symbols)| symbols).map(Symbol::quote_currency).collect();
        currencies.sort_unstable();
        currencies.dedup();
        let day = |currency: &str| {
            let mut figures = DayFigures::default();
            for (name, _) in &trader.details.scope {
                let Some(lane) = self.known_lane(name) else { continue };
                let now = lane.now().unwrap_or_default();
                figures += locked(&lane.book).day(instance, currency, day_of(now), &locked(&lane.prices));
            }
            let reached = |budget| {
                let reached = locked(&trader.ward.reached);
                reached.iter().any(|known| {
                    known.budget == budget && known.currency == currency && budget_of(limits, budget) == Some(known.most)
                })
            };
            Day {
                currency: currency.to_owned(),
                loss: figures.loss().normalize(),
                fees: figures.fees.normalize(),
                loss_reached: reached(Budget::Loss) || figures.reaches_loss(limits),
                fees_reached: reached(Budget::Fees) || figures.reaches_fees(limits),
            }
        };
        currencies.into_iter().map(day).collect()
    }
}

/// Why nothing can be sent there now.
fn waits_for(lane: &Lane) -> Option<String> {
    if lane.running().is_some() {
        return None;
    }
    let status = lane.provider().map_or_else(|| "not there".to_owned(), |provider| provider.status().to_string());
    Some(format!("provider `{}` is {status}: goes on when it runs", lane.name))
}
