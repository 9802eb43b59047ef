//! How the connection to a venue breaks and comes back, and what the host hears of it.

use std::sync::Arc;

use super::Stage;
use crate::backtest::request::PlayError;
use crate::base::Clock as _;
use crate::market::ExecutionReport;
use crate::providers::paper::{LOST, Output, Turn};
use crate::trading::Connection;

impl Stage {
    /// Lets the connection to a venue change as the venue says.
    pub(super) fn turn(&mut self, seat: usize) -> Result<(), PlayError> {
        let table = Arc::clone(&self.seats[seat].table);
        match table.turn() {
            Some(Turn::Lost) => self.lose(seat, LOST),
            Some(Turn::Restored) => {
                let mut told = Vec::new();
                let held = table.resume(&mut told);
                self.restore(seat, held, |all| all.append(&mut told))
            }
            Some(Turn::Tried) => {
                self.seats[seat].outlet.connection_tried();
                self.drain()
            }
            None => Ok(()),
        }
    }

    /// The connection of a venue is lost; its status has changed before.
    pub(in crate::backtest) fn lose(&mut self, seat: usize, reason: &str) -> Result<(), PlayError> {
        self.seats[seat].outlet.connection(Connection::Lost { reason: reason.to_owned(), at: self.clock.now() });
        self.drain()
    }

    /// It is back, and so is the venue's status: what was reported meanwhile comes first, as live, then the news, then what the
    /// venue says again.
    pub(in crate::backtest) fn restore(
        &mut self,
        seat: usize,
        held: Vec<ExecutionReport>,
        speak: impl FnOnce(&mut Vec<Output>),
    ) -> Result<(), PlayError> {
        let at = self.clock.now();
        self.note_orders();
        self.seats[seat].outlet.connection_tried();
        for report in held {
            self.measure_report(seat, &report);
            self.seats[seat].outlet.report(report);
        }
        self.seats[seat].outlet.connection(Connection::Restored { at });
        self.hear_of(seat, |told| {
            speak(told);
            Ok(())
        })
    }
}
