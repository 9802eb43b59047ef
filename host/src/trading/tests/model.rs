//! Random lives of orders against a model that is too simple to be wrong: nothing leaks, nothing is lost.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::market::ReportState;
use crate::trading::ProviderStatus;

#[derive(Clone, Debug)]
enum Deed {
    /// By instance 0 or 1, buy or sell.
    Send(usize, bool),
    /// The order at this place (modulo), what is said, and the fill in thousandths of what is left.
    Say(usize, ReportState, u64),
    Cancel(usize),
    Provider(bool),
    Restart,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (0..2_usize, any::<bool>()).prop_map(|(who, buy)| Deed::Send(who, buy)),
        6 => (any::<usize>(), prop::sample::select(ReportState::ALL.to_vec()), 1..=1000_u64).prop_map(|(n, state, part)| Deed::Say(n, state, part)),
        1 => any::<usize>().prop_map(Deed::Cancel),
        1 => any::<bool>().prop_map(Deed::Provider),
        1 => Just(Deed::Restart),
    ]
}

#[derive(Debug)]
struct Model {
    owner: usize,
    side: Side,
    open: bool,
    acked: bool,
}

impl Model {
    /// After an acknowledgement or a fill an order cannot be refused any more; everything else but those two ends it.
    fn hears(&mut self, state: ReportState) {
        match state {
            ReportState::Ack | ReportState::Partial => self.acked = true,
            ReportState::Rejected => self.open &= self.acked,
            ReportState::Filled | ReportState::Cancelled | ReportState::Expired => self.open = false,
        }
    }
}

/// The desk and the model side by side.
struct Play<'a> {
    house: &'a House,
    instances: [Instance<'a>; 2],
    known: BTreeMap<ClientOrderId, Model>,
    /// In the order in which they were sent.
    ids: Vec<ClientOrderId>,
    stock: [Decimal; 2],
}

impl Play<'_> {
    fn run(&mut self, deed: &Deed) {
        match *deed {
            Deed::Send(who, buy) => self.send(who, buy),
            Deed::Say(n, state, part) if !self.ids.is_empty() => self.say(&self.ids[n % self.ids.len()].clone(), state, part),
            Deed::Say(..) => {}
            Deed::Cancel(n) => self.cancel(n),
            Deed::Provider(run) => {
                self.house.venue.set_status(if run { ProviderStatus::Running } else { ProviderStatus::Failed })
            }
            Deed::Restart => {
                self.house.desk.detach(self.house.venue.name());
                self.house.desk.attach(Arc::<Venue>::clone(&self.house.venue));
                self.known.values_mut().for_each(|order| order.open = false);
            }
        }
    }

    fn running(&self) -> bool {
        self.house.venue.status() == ProviderStatus::Running
    }

    fn send(&mut self, who: usize, buy: bool) {
        let (side, price) = if buy { (Side::Buy, "99.5") } else { (Side::Sell, "100.5") };
        let open = self.known.values().filter(|order| order.open && order.owner == who).count();
        let expected = match (self.running(), open) {
            (false, _) => Err("provider_unavailable"),
            (true, 6..) => Err("too_many_open_orders"),
            (true, _) => Ok(()),
        };
        let sent = self.instances[who].order(side, "1", price);
        assert_eq!(sent.as_ref().map(|_| ()).map_err(|error| error.code), expected);
        if let Ok(id) = sent {
            self.known.insert(id.clone(), Model { owner: who, side, open: true, acked: false });
            self.ids.push(id);
        }
    }

    fn say(&mut self, id: &ClientOrderId, state: ReportState, part: u64) {
        let left = self.house.venue.leaves(id);
        let fills = matches!(state, ReportState::Partial | ReportState::Filled);
        if fills && left.is_zero() {
            return; // No venue says that.
        }
        let part = if state == ReportState::Filled { 1000 } else { part };
        let quantity = left * Decimal::new(i64::try_from(part).unwrap(), 3);
        self.house.venue.say(id, state, fills.then_some((quantity.to_string().as_str(), "100")));
        let order = self.known.get_mut(id).unwrap();
        if fills {
            self.stock[order.owner] += order.side.signed(quantity);
        }
        if order.open {
            order.hears(state);
        }
    }

    fn cancel(&self, n: usize) {
        let Some(id) = self.ids.get(n % self.ids.len().max(1)) else { return };
        let (order, at) = (&self.known[id], Timestamp::from_millis(1));
        let cancel = |who: usize| self.house.desk.cancel(&self.instances[who].id, id.as_str(), at).is_ok();
        assert_eq!(cancel(order.owner), order.open && self.running());
        assert!(!cancel(1 - order.owner));
    }

    fn agree(&self) {
        for (who, instance) in self.instances.iter().enumerate() {
            let open = self.house.desk.open_orders(&instance.id, None, None);
            let expected = self.ids.iter().filter(|id| self.known[*id].open && self.known[*id].owner == who);
            assert!(open.iter().map(|record| &record.request.client_order_id).eq(expected), "oldest first, and no other");
            assert_eq!(self.house.desk.position(&instance.id, None, None).unwrap().quantity, self.stock[who]);
        }
        let open = self.known.values().filter(|order| order.open).count();
        assert_eq!(self.house.metric(r#"sandpit_open_orders{provider="paper"}"#).parse().unwrap_or(0), open);
    }
}

async fn play(deeds: Vec<Deed>) {
    let limits = RiskLimits { kill_switch_enabled: false, ..RiskLimits::default() };
    let house = House::with(RiskConfig { limits, ..RiskConfig::default() }, None, true).await;
    let instances = [house.instance("a"), house.instance("b")];
    let mut play = Play { house: &house, instances, known: BTreeMap::new(), ids: Vec::new(), stock: [Decimal::ZERO; 2] };
    for deed in deeds {
        play.run(&deed);
        play.agree();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn slots_and_positions_never_leak(deeds in prop::collection::vec(deed(), 0..120)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(play(deeds));
    }
}
