//! Everything a guest is allowed to use up: one struct, with a unit, a default and a reason for each figure. Knows nothing
//! of how a limit is enforced.

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::{Number, PartialSchema, ToSchema};

/// A limit that lies outside what the host allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("limits.{field} is {given}: it must be {min} to {max}")]
pub struct LimitError {
    /// The field, as it is written in JSON.
    pub field: &'static str,
    /// What was asked.
    pub given: u64,
    /// Smallest allowed value.
    pub min: u64,
    /// Largest allowed value.
    pub max: u64,
}

macro_rules! limits {
    ($($(#[doc = $doc:literal])* $field:ident / $wire:literal: $default:expr, $min:expr => $max:expr;)*) => {
        /// What one instance may use. All figures are per instance; "per event" means per call of an export (event, timer, stop).
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
        pub struct Limits {
            $($(#[doc = $doc])* #[schema(required)] pub $field: u64,)*
        }

        /// The limits of an instance that differ from the host's: absent ones stay.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct LimitOverrides {
            $($(#[doc = $doc])* #[serde(default, skip_serializing_if = "Option::is_none")] pub $field: Option<u64>,)*
        }

        /// By hand, because the ranges are only known here.
        impl PartialSchema for LimitOverrides {
            fn schema() -> RefOr<Schema> {
                let object = ObjectBuilder::new().description(Some("The limits that differ from the host's; absent ones stay."));
                let object = object.additional_properties(Some(AdditionalProperties::FreeForm(false)));
                $(let object = object.property($wire, figure(concat!($($doc, "\n"),*), $min, $max));)*
                object.into()
            }
        }

        impl ToSchema for LimitOverrides {}

        impl LimitOverrides {
            /// The fields, as they are written in JSON.
            pub const NAMES: &'static [&'static str] = &[$($wire,)*];

            /// Puts one figure in, by its name in JSON. `false` when there is no limit of that name.
            ///
            /// # Errors
            /// [`LimitError`] when the figure lies outside what any host allows; nothing is changed then.
            pub fn set(&mut self, name: &str, value: u64) -> Result<bool, LimitError> {
                match name {
                    $($wire => {
                        check($wire, value, $min, $max)?;
                        self.$field = Some(value);
                    })*
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Limits {
            /// Checks every figure against the smallest and largest value that the host can keep its promises with.
            ///
            /// # Errors
            /// [`LimitError`] naming the first field that is outside.
            pub fn validate(&self) -> Result<(), LimitError> {
                $(check($wire, self.$field, $min, $max)?;)*
                Ok(())
            }

            /// These limits with the overrides put in.
            ///
            /// # Errors
            /// [`LimitError`] when the result is not allowed.
            pub fn with(&self, overrides: &LimitOverrides) -> Result<Self, LimitError> {
                let limits = Self { $($field: overrides.$field.unwrap_or(self.$field),)* };
                limits.validate()?;
                Ok(limits)
            }
        }
    };
}

const fn check(field: &'static str, given: u64, min: u64, max: u64) -> Result<(), LimitError> {
    if given < min || given > max { Err(LimitError { field, given, min, max }) } else { Ok(()) }
}

fn figure(text: &str, min: u64, max: u64) -> ObjectBuilder {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let kinds = SchemaType::from_iter([Type::Integer, Type::Null]);
    let figure = ObjectBuilder::new().schema_type(kinds).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
    let number = |value: u64| Some(Number::UInt(usize::try_from(value).unwrap_or(usize::MAX)));
    figure.minimum(number(min)).maximum(number(max)).description(Some(lines.join(" ")))
}

const MIB: u64 = 1 << 20;

limits! {
    /// Bytes of all memories and tables together. 32 MiB: the JavaScript heap stops at 24 MiB, which an author sees as a
    /// catchable error, and the engine itself needs the rest. At most what a slot of the pool holds.
    memory_bytes / "memoryBytes": 32 * MIB, 4 * MIB => 64 * MIB;
    /// Fuel for evaluating a source when it is compiled. 500 million is about 0.1 s: enough to parse the largest source.
    fuel_per_load / "fuelPerLoad": 500_000_000, 1_000_000 => 10_000_000_000;
    /// Fuel for `create(env)`. 200 million is about 40 ms: room to build tables, too little to hold up a launch.
    fuel_per_create / "fuelPerCreate": 200_000_000, 1_000_000 => 10_000_000_000;
    /// Fuel for one event. 50 million is about 5 to 10 ms: an event of a busy market has to be over by then.
    fuel_per_event / "fuelPerEvent": 50_000_000, 100_000 => 10_000_000_000;
    /// Fuel per second at the priority of the host, with what was saved up in the second before. 200 million is about a tenth of a
    /// core, and ten thousand events of an ordinary strategy. An instance that needs more is not stopped: it runs on threads that
    /// give way to all others.
    fuel_per_second / "fuelPerSecond": 200_000_000, 100_000 => 100_000_000_000;
    /// Milliseconds of processor time that one call may run: what it sleeps or waits for its turn does not count. The backstop behind fuel, for
    /// code whose instructions are slow; not reached by code that is merely long.
    deadline_ms / "deadlineMs": 250, 10 => 60_000;
    /// Milliseconds that evaluating a source may run.
    load_deadline_ms / "loadDeadlineMs": 1_000, 10 => 60_000;
    /// Calls of imports per event. Fuel prices them too; this bounds what is cheap for the guest and dear for the host.
    helper_calls_per_event / "helperCallsPerEvent": 20_000, 10 => 1_000_000;
    /// Orders and cancels per event: more at once is a runaway loop, not a quote.
    orders_per_event / "ordersPerEvent": 32, 0 => 1_000;
    /// Bytes of log text per second, with a burst of twice that: what a disk and a reader can follow.
    log_bytes_per_second / "logBytesPerSecond": 64 << 10, 0 => 16 * MIB;
    /// Log lines per event.
    log_lines_per_event / "logLinesPerEvent": 100, 0 => 10_000;
    /// Milliseconds of one `sleep`; longer ones are cut to this, with a warning. Longer waits are what timers are for.
    sleep_max_ms / "sleepMaxMs": 60_000, 1 => 3_600_000;
    /// Sleeps per event.
    sleeps_per_event / "sleepsPerEvent": 1_000, 0 => 100_000;
    /// Timers that are set at the same time.
    timers / "timers": 64, 0 => 1_024;
    /// Bytes of the saved state.
    saved_state_bytes / "savedStateBytes": 64 << 10, 0 => MIB;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_allowed() {
        assert_eq!(Limits::default().validate(), Ok(()));
    }

    #[test]
    fn overrides_replace_and_are_checked() {
        let small: LimitOverrides = serde_json::from_str(r#"{"fuelPerEvent": 1000000}"#).unwrap();
        let limits = Limits::default().with(&small).unwrap();
        assert_eq!(limits.fuel_per_event, 1_000_000);
        assert_eq!(limits.memory_bytes, Limits::default().memory_bytes);

        let huge = LimitOverrides { memory_bytes: Some(1 << 40), ..LimitOverrides::default() };
        let error = Limits::default().with(&huge).unwrap_err();
        assert_eq!(error.to_string(), "limits.memoryBytes is 1099511627776: it must be 4194304 to 67108864");
        assert!(serde_json::from_str::<LimitOverrides>(r#"{"fuel": 1}"#).is_err(), "unknown limits are refused");
    }

    #[test]
    fn overrides_are_set_by_name() {
        let mut asked = LimitOverrides::default();
        assert_eq!(asked.set("fuelPerEvent", 1_000_000), Ok(true));
        assert_eq!(asked.set("fuel", 1), Ok(false));
        assert_eq!(asked.set("timers", 5_000).unwrap_err().to_string(), "limits.timers is 5000: it must be 0 to 1024");
        assert_eq!(serde_json::to_value(&asked).unwrap(), serde_json::json!({ "fuelPerEvent": 1_000_000 }));
        for name in LimitOverrides::NAMES {
            let limit = serde_json::to_value(Limits::default()).unwrap()[name].as_u64().unwrap();
            assert_eq!(asked.set(name, limit), Ok(true), "{name}");
        }
        assert_eq!(Limits::default().with(&asked).unwrap(), Limits::default());
    }

    #[test]
    fn the_wire_names_are_the_fields() {
        let json = serde_json::to_value(Limits::default()).unwrap();
        for field in json.as_object().unwrap().keys() {
            let mut bad = json.clone();
            bad[field] = u64::MAX.into();
            let limits: Limits = serde_json::from_value(bad).unwrap();
            assert_eq!(limits.validate().unwrap_err().field, field);
        }
    }
}
