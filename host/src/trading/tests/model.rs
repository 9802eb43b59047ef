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

async fn play(deeds: Vec<Deed>) {
    let limits = RiskLimits { kill_switch_enabled: false, ..RiskLimits::default() };
    let house = House::with(RiskConfig { limits, ..RiskConfig::default() }, None, true).await;
    let instances = [house.instance("a"), house.instance("b")];
    let (mut known, mut ids) = (BTreeMap::<ClientOrderId, Model>::new(), Vec::new());
    let mut stock = [Decimal::ZERO; 2];
    for deed in deeds {
        match deed {
            Deed::Send(who, buy) => {
                let (side, price) = if buy { (Side::Buy, "99.5") } else { (Side::Sell, "100.5") };
                let running = house.venue.status() == ProviderStatus::Running;
                let open = known.values().filter(|order| order.open && order.owner == who).count();
                let expected = if !running {
                    Err("provider_unavailable")
                } else if open >= 6 {
                    Err("too_many_open_orders")
                } else {
                    Ok(())
                };
                let sent = instances[who].order(side, "1", price);
                assert_eq!(sent.as_ref().map(|_| ()).map_err(|error| error.code), expected);
                if let Ok(id) = sent {
                    known.insert(id.clone(), Model { owner: who, side, open: true, acked: false });
                    ids.push(id);
                }
            }
            Deed::Say(n, state, part) if !ids.is_empty() => {
                let id = &ids[n % ids.len()];
                let order = known.get_mut(id).unwrap();
                let left = house.venue.leaves(id);
                let fills = matches!(state, ReportState::Partial | ReportState::Filled);
                if fills && left.is_zero() {
                    continue; // No venue says that.
                }
                let quantity =
                    if state == ReportState::Filled { left } else { left * Decimal::new(i64::try_from(part).unwrap(), 3) };
                let text = quantity.to_string();
                house.venue.say(id, state, fills.then_some((text.as_str(), "100")));
                if fills {
                    stock[order.owner] += order.side.signed(quantity);
                }
                if order.open {
                    // After an acknowledgement or a fill an order cannot be refused or acknowledged any more.
                    match state {
                        ReportState::Ack => order.acked = true,
                        ReportState::Partial => order.acked = true,
                        ReportState::Rejected => order.open = order.acked,
                        _ => order.open = false,
                    }
                }
            }
            Deed::Say(..) => {}
            Deed::Cancel(n) => {
                if let Some(id) = ids.get(n % ids.len().max(1)) {
                    let order = &known[id];
                    let at = Timestamp::from_millis(1);
                    let expected = order.open && house.venue.status() == ProviderStatus::Running;
                    assert_eq!(house.desk.cancel(&instances[order.owner].id, id.as_str(), at).is_ok(), expected);
                    assert!(house.desk.cancel(&instances[1 - order.owner].id, id.as_str(), at).is_err());
                }
            }
            Deed::Provider(run) => house.venue.set_status(if run { ProviderStatus::Running } else { ProviderStatus::Failed }),
            Deed::Restart => {
                house.desk.detach(house.venue.name());
                house.desk.attach(Arc::<Venue>::clone(&house.venue));
                known.values_mut().for_each(|order| order.open = false);
            }
        }
        for (who, instance) in instances.iter().enumerate() {
            let open: Vec<_> = house
                .desk
                .open_orders(&instance.id, None, None)
                .into_iter()
                .map(|record| record.request.client_order_id)
                .collect();
            let expected = ids.iter().filter(|id| known[*id].open && known[*id].owner == who);
            assert!(open.iter().eq(expected), "oldest first, and no other");
            assert_eq!(house.desk.position(&instance.id, None, None).unwrap().quantity, stock[who]);
        }
        let open = known.values().filter(|order| order.open).count();
        assert_eq!(house.metric(r#"sandpit_open_orders{provider="paper"}"#).parse().unwrap_or(0), open);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn slots_and_positions_never_leak(deeds in prop::collection::vec(deed(), 0..120)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(play(deeds));
    }
}
