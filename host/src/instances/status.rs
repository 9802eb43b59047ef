//! The life of an instance in one table (decision 14). Must not know of tasks, guests or databases.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{Blame, Timestamp};

/// Where an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Never started.
    Created,
    /// Its guest is being made: compiled if need be, then `create(env)`.
    Starting,
    /// Its guest takes events.
    Running,
    /// Its guest was thrown away after a fault; a fresh one starts once the backoff is over.
    Faulted,
    /// It faulted too often: nothing happens until an operator starts it.
    Quarantined,
    /// It was asked to stop and is finishing the event at hand.
    Stopping,
    /// Stopped by an operator, or refused to start.
    Stopped,
}

/// What can happen to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An operator, or the restart of the host, asks for it to run.
    Start,
    /// The backoff after a fault is over.
    Retry,
    /// The guest is ready for events.
    Ready,
    /// The first guest of a start could not be made: the caller is told why.
    Refuse,
    /// A refresh moves it to another revision: its guest makes way for one of that revision.
    Replace,
    /// The guest faulted, or could not be made again after a fault.
    Fault,
    /// It faulted for the last time that the policy allows.
    Quarantine,
    /// An operator, or the shutdown of the host, asks for it to stop.
    Stop,
    /// Its task has ended.
    End,
}

/// A step that cannot follow from where the instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an instance that is {from:?} cannot take the step {step:?}")]
pub struct IllegalStep {
    /// Where it stands.
    pub from: Status,
    /// What was asked.
    pub step: Step,
}

impl Status {
    /// All of them, in the order of life.
    pub const ALL: [Self; 7] =
        [Self::Created, Self::Starting, Self::Running, Self::Faulted, Self::Quarantined, Self::Stopping, Self::Stopped];

    /// What a step makes of it.
    ///
    /// # Errors
    /// [`IllegalStep`] for a pair that the table does not have.
    pub fn after(self, step: Step) -> Result<Self, IllegalStep> {
        use Status as S;
        match (self, step) {
            // From                                        step              becomes
            (S::Created | S::Stopped | S::Quarantined, Step::Start) => Ok(S::Starting),
            (S::Starting, Step::Ready) => Ok(S::Running),
            (S::Starting, Step::Refuse) => Ok(S::Stopped),
            (S::Running | S::Faulted, Step::Replace) => Ok(S::Starting),
            (S::Starting | S::Running, Step::Fault) => Ok(S::Faulted),
            (S::Faulted, Step::Retry) => Ok(S::Starting),
            (S::Faulted, Step::Quarantine) => Ok(S::Quarantined),
            (S::Starting | S::Running | S::Faulted, Step::Stop) => Ok(S::Stopping),
            // Whatever its guest still does, what was asked to stop is stopping.
            (S::Stopping, Step::Ready | Step::Replace | Step::Fault | Step::Retry | Step::Quarantine) => Ok(S::Stopping),
            (S::Stopping, Step::End) => Ok(S::Stopped),
            (S::Quarantined, Step::Stop) => Ok(S::Stopped),
            (from, step) => Err(IllegalStep { from, step }),
        }
    }

    /// Whether the host keeps it alive: what `running` says on the wire.
    pub fn is_running(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Faulted)
    }

    /// The word on the wire and in metric labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Faulted => "faulted",
            Self::Quarantined => "quarantined",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }

    /// The reverse of [`Status::as_str`].
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// The newest failure of an instance; it stays until the next one or until an operator starts the instance again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastError {
    /// A fault code such as `fuel_exhausted`, or `exception`.
    pub code: String,
    /// In words.
    pub message: String,
    /// Who has to act.
    pub blame: Blame,
    /// When, by the machine's clock, RFC 3339.
    #[schema(value_type = Timestamp)]
    pub at: String,
}

impl LastError {
    /// Of this moment.
    pub fn new(code: impl Into<String>, message: impl Into<String>, blame: Blame, at: Timestamp) -> Self {
        Self { code: code.into(), message: message.into(), blame, at: at.to_rfc3339() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_an_instances_life() {
        let steps = [
            Step::Start,
            Step::Retry,
            Step::Ready,
            Step::Refuse,
            Step::Replace,
            Step::Fault,
            Step::Quarantine,
            Step::Stop,
            Step::End,
        ];
        let mut table = String::new();
        for from in Status::ALL {
            let row: Vec<_> = steps
                .into_iter()
                .filter_map(|step| from.after(step).ok().map(|to| format!("{step:?}>{}", to.as_str())))
                .collect();
            table.push_str(&format!("{}: {}\n", from.as_str(), row.join(" ")));
        }
        let expected = "created: Start>starting\n\
             starting: Ready>running Refuse>stopped Fault>faulted Stop>stopping\n\
             running: Replace>starting Fault>faulted Stop>stopping\n\
             faulted: Retry>starting Replace>starting Quarantine>quarantined Stop>stopping\n\
             quarantined: Start>starting Stop>stopped\n\
             stopping: Retry>stopping Ready>stopping Replace>stopping Fault>stopping Quarantine>stopping End>stopped\n\
             stopped: Start>starting\n";
        assert_eq!(table, expected);
    }

    #[test]
    fn statuses_survive_their_spelling() {
        for status in Status::ALL {
            assert_eq!(Status::from_wire(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
