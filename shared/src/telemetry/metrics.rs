//! Metrics: a line on standard output in AWS's embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::io::{Write, stdout};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use metrique_writer_core::format::Format;
use metrique_writer_core::value::{MetricFlags, Observation, Value, ValueWriter};
use metrique_writer_core::{Entry, EntryWriter};
use metrique_writer_format_emf::Emf;

use super::Measure;

/// The one dimension.
const FUNCTION: &str = "Function";

/// No metric of a line may have more values.
const MOST_VALUES: usize = 100;

/// Where lines are made; nowhere in a process that is no function.
static METRICS: OnceLock<Mutex<Emf>> = OnceLock::new();

/// What was observed, and by which function.
struct Observed<'a> {
    function: &'a str,
    values: &'a [(Measure, Vec<f64>)],
}

/// The values of a measure.
struct Values<'a>(Measure, &'a [f64]);

/// Begins to write lines. `CROSSWALK_METRICS_NAMESPACE` (default `Crosswalk`) is where they are shown.
pub(super) fn init() {
    let namespace = std::env::var("CROSSWALK_METRICS_NAMESPACE").ok().filter(|name| !name.is_empty());
    let namespace = namespace.unwrap_or_else(|| "Crosswalk".to_owned());
    // What is checked at run time otherwise, a test of the lines checks once.
    let format = Emf::no_validations(namespace, vec![vec![FUNCTION.to_owned()]]);
    let _ = METRICS.set(Mutex::new(format));
}

/// Writes a line. That it can't be written is no reason to fail at anything.
pub(super) fn write(function: &str, values: &[(Measure, Vec<f64>)]) {
    let Some(metrics) = METRICS.get() else { return };
    if values.is_empty() {
        return;
    }
    let mut line = Vec::with_capacity(1024);
    let mut format = metrics.lock().unwrap_or_else(PoisonError::into_inner);
    if format.format(&Observed { function, values }, &mut line).is_ok() {
        let _ = stdout().write_all(&line);
    }
}

impl Entry for Observed<'_> {
    fn write<'a>(&'a self, writer: &mut impl EntryWriter<'a>) {
        writer.timestamp(SystemTime::now());
        writer.value(FUNCTION, self.function);
        for (measure, values) in self.values {
            writer.value(measure.name(), &Values(*measure, values));
        }
    }
}

impl Value for Values<'_> {
    fn write(&self, writer: impl ValueWriter) {
        let Self(measure, values) = self;
        let values = values.iter().take(MOST_VALUES).map(|value| Observation::Floating(*value));
        writer.metric(values, measure.unit(), [], MetricFlags::empty());
    }
}
