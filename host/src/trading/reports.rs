//! What venues answer: from an execution report to the order, the journal, the position and the owner's mailbox.

use std::sync::Arc;

use crate::base::ProviderName;
use crate::bus::locked;
use crate::market::{ExecutionReport, Fill, OrderRequest, OrderState, ReportState, RiskStatus, TimeInForce};
use crate::trading::lane::{Book, Lane};
use crate::trading::notices::RiskNews;
use crate::trading::orders::Step;
use crate::trading::trader::{Trader, is_closing};
use crate::trading::{Desk, OrderRecord};

impl Desk {
    /// Takes a provider's report. Done by [`Outlet::report`](crate::trading::Outlet::report); a backtest calls it itself.
    ///
    /// A report that cannot follow from where its order stands is logged and counted, and nothing changes. A fill counts once
    /// per execution id; a fill that comes after its order was final changes the position all the same.
    pub fn on_report(&self, provider: &ProviderName, report: ExecutionReport) {
        self.take_report(&self.lane(provider), report, true);
    }

    /// `from_venue` is false for what we say ourselves.
    pub(super) fn take_report(&self, lane: &Arc<Lane>, report: ExecutionReport, from_venue: bool) {
        let mut book = locked(&lane.book);
        let Some(entry) = book.orders.get(&report.client_order_id) else {
            tracing::error!(provider = %lane.name, order = %report.client_order_id, state = report.state.as_str(), fill = ?report.fill, "report about an unknown order");
            return self.odd(lane, "unknown_order");
        };
        let before = entry.record.state;
        let (next, fill) = match entry.record.step(&report) {
            Step::Regular(next, fill) => (next, fill),
            Step::LateFill(fill) => {
                tracing::warn!(provider = %lane.name, order = %report.client_order_id, state = before.as_str(), ?fill, "fill of an order that had ended");
                self.odd(lane, "late_fill");
                (before, Some(fill))
            }
            Step::Repeated => return self.odd(lane, "repeated_fill"),
            Step::Illegal(illegal) => {
                tracing::warn!(provider = %lane.name, order = %report.client_order_id, %illegal, "report ignored");
                return self.odd(lane, "illegal_transition");
            }
        };
        let request = self.book_report(lane, &mut book, &report, next, fill.as_ref());
        if next.is_final() && !before.is_final() {
            self.close(lane, &mut book, &request, next);
        }
        let trader = self.trader(&request.instance).ok();
        if let Some(trader) = &trader {
            self.watch(lane, &mut book, trader, (&request, &report), from_venue);
        }
        let at = lane.now().unwrap_or(report.time);
        let seen_at = report.time;
        self.post_report(lane, &mut book, request.clone(), report, at);
        drop(book);
        if let Some(trader) = &trader {
            if fill.is_some() {
                self.watch_day(lane, trader, &request.symbol, at, seen_at);
            }
            self.pursue_soon(lane, trader);
        }
    }

    /// Order, position and journal.
    pub(super) fn book_report(
        &self,
        lane: &Lane,
        book: &mut Book,
        report: &ExecutionReport,
        next: OrderState,
        fill: Option<&Fill>,
    ) -> OrderRequest {
        let Some(entry) = book.orders.get_mut(&report.client_order_id) else {
            unreachable!("the caller has just found it under the same lock")
        };
        entry.record.advance(report, next, fill);
        self.compare(lane, &entry.record, report);
        self.record_progress(&entry.record, fill, report);
        let request = entry.record.request.clone();
        if let Some(fill) = fill {
            self.metrics.fills.with_label_values(&[lane.name.as_str()]).inc();
            let holding = book.line_mut(&request.instance).holding(&request.symbol);
            if let Err(error) = holding.apply(&request.symbol, request.side, fill, report.time) {
                tracing::error!(order = %request.client_order_id, ?fill, %error, "fill not counted in the position");
                self.odd(lane, "too_large");
            }
        }
        request
    }

    /// The venue's figures about the whole order must be ours.
    fn compare(&self, lane: &Lane, record: &OrderRecord, report: &ExecutionReport) {
        if record.filled_quantity == report.filled_quantity && record.filled_quantity <= record.request.quantity {
            return;
        }
        tracing::error!(
            provider = %lane.name, order = %report.client_order_id, asked = %record.request.quantity,
            ours = %record.filled_quantity, venues = %report.filled_quantity, "filled quantities differ"
        );
        self.odd(lane, "figures_differ");
    }

    fn record_progress(&self, record: &OrderRecord, fill: Option<&Fill>, report: &ExecutionReport) {
        let Some(journal) = &self.journal else { return };
        if let Err(error) = journal.progress(record, fill.cloned(), report.time) {
            self.metrics.journal_failures.inc();
            tracing::error!(order = %record.request.client_order_id, %error, "report not recorded");
        }
    }

    /// Frees what an open order holds. There is no counter to leak: what is open is the list of open orders.
    pub(super) fn close(&self, lane: &Lane, book: &mut Book, request: &OrderRequest, ended: OrderState) {
        let id = &request.client_order_id;
        book.line_mut(&request.instance).holding(&request.symbol).open.retain(|open| open != id);
        book.orders.ended(id);
        book.open_orders = book.open_orders.saturating_sub(1);
        self.metrics.open_orders.with_label_values(&[lane.name.as_str()]).dec();
        let outcome = match ended {
            OrderState::Filled => "filled",
            OrderState::Cancelled => "cancelled",
            OrderState::Rejected => "rejected",
            OrderState::Unknown => "unknown",
            _ => "expired",
        };
        self.count(request, outcome);
    }

    /// Lets risk look at what happened: a refusal by the venue is a breach, a position above its limit stops the instance.
    fn watch(
        &self,
        lane: &Lane,
        book: &mut Book,
        trader: &Trader,
        (request, report): (&OrderRequest, &ExecutionReport),
        from_venue: bool,
    ) {
        // What the host itself orders is no misdeed of the strategy.
        if is_closing(&request.client_order_id) {
            return;
        }
        let at = lane.now().unwrap_or(report.time);
        // That a post-only order would have crossed is what its author asked to be told.
        let refused = from_venue && report.state == ReportState::Rejected && request.time_in_force != TimeInForce::PostOnly;
        let position = book.line_mut(&request.instance).holding(&request.symbol).ledger.position.quantity;
        let grew =
            report.fill.is_some() && position.is_sign_negative() == request.side.signed(request.quantity).is_sign_negative();
        let (engaged, breach_type, reason) = if refused {
            let reason = format!("rejected by the venue: {}", report.reason.as_deref().unwrap_or("no reason given"));
            let engaged =
                self.guarded(trader, true, |guard| guard.breach(&trader.limits, &lane.name, at, "rejected by the venue"));
            (engaged, "ORDER_VALIDATION", reason)
        } else if grew && position.abs() > trader.limits.max_position_size {
            let reason = format!("post-fill position {position} exceeds maximum {}", trader.limits.max_position_size);
            let engaged = self.guarded(trader, true, |guard| guard.stop(&trader.limits, &lane.name, at, reason.clone()));
            (engaged, "POSITION_LIMIT", reason)
        } else {
            return;
        };
        if engaged {
            self.metrics.stops.with_label_values(&[if refused { "breaches" } else { "post_fill" }]).inc();
            tracing::warn!(instance = %trader.instance(), reason, "stopped by risk");
        }
        let metrics = [("position".to_owned(), position.normalize().to_string())].into();
        let status = RiskStatus::Triggered;
        self.post_risk(
            lane,
            book,
            trader,
            RiskNews { symbol: &request.symbol, status, breach_type, reason, metrics, at, seen_at: report.time },
        );
    }

    fn odd(&self, lane: &Lane, oddity: &str) {
        self.metrics.odd_reports.with_label_values(&[lane.name.as_str(), oddity]).inc();
    }
}
