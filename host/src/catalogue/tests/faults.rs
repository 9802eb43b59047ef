//! Ends the world at a chosen change of the disk.

use std::io;
use std::sync::Mutex;

/// What is to happen, and what has.
#[derive(Debug, Default)]
pub(in crate::catalogue) struct Faults {
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    steps: Vec<&'static str>,
    fail_at: Option<usize>,
    /// After the failing step nothing works any more, as after a kill.
    dies: bool,
}

impl Faults {
    /// The step number `at` (from 0) fails; with `dies` all later ones do, too.
    pub(in crate::catalogue) fn arm(&self, at: usize, dies: bool) {
        *self.plan.lock().unwrap() = Plan { steps: Vec::new(), fail_at: Some(at), dies };
    }

    /// Nothing fails any more. Returns the steps since `arm`.
    pub(in crate::catalogue) fn disarm(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.plan.lock().unwrap()).steps
    }

    /// The steps since `arm`.
    pub(in crate::catalogue) fn steps(&self) -> Vec<&'static str> {
        self.plan.lock().unwrap().steps.clone()
    }

    pub(in crate::catalogue) fn step(&self, what: &'static str) -> io::Result<()> {
        let mut plan = self.plan.lock().unwrap();
        let at = plan.steps.len();
        plan.steps.push(what);
        let fails = plan.fail_at.is_some_and(|fail_at| at == fail_at || plan.dies && at > fail_at);
        if fails { Err(io::Error::other(format!("fault at step {at}: {what}"))) } else { Ok(()) }
    }
}
