//! The metrics that a function has told, read by AWS's own specification
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use serde_json::{Value, json};

use crate::runtime_api::Function;

/// A value that was told, and its unit.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Told {
    pub name: String,
    pub unit: String,
    pub value: f64,
}

impl Function {
    /// All that it has told.
    ///
    /// # Panics
    ///
    /// When a line is not as that wants it, or is not this function's.
    pub fn metrics(&self, name: &str) -> Vec<Told> {
        self.log().lines().filter(|line| line.contains("\"_aws\"")).flat_map(|line| read(line, name)).collect()
    }

    /// The sum of what it has told of a metric; `None` if it has told nothing of it.
    pub fn metric(&self, function: &str, metric: &str) -> Option<f64> {
        let told: Vec<_> = self.metrics(function).into_iter().filter(|told| told.name == metric).collect();
        (!told.is_empty()).then(|| told.iter().map(|told| told.value).sum())
    }
}

fn read(line: &str, function: &str) -> Vec<Told> {
    let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert!(line["_aws"]["Timestamp"].as_u64().is_some_and(|millis| millis > 1_600_000_000_000), "{line}");
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap_or_else(|| panic!("no directives: {line}"));
    let [directive] = directives.as_slice() else { panic!("one directive is enough: {line}") };
    assert_eq!(directive["Namespace"], "Crosswalk", "{line}");
    assert_eq!(directive["Dimensions"], json!([["Function"]]), "{line}");
    assert_eq!(line["Function"], function, "{line}");
    let metrics = directive["Metrics"].as_array().unwrap_or_else(|| panic!("no metrics: {line}"));
    metrics.iter().flat_map(|metric| values(&line, metric)).collect()
}

fn values(line: &Value, metric: &Value) -> Vec<Told> {
    let text = |member: &str| metric[member].as_str().unwrap_or_else(|| panic!("no {member}: {line}")).to_owned();
    let (name, unit) = (text("Name"), text("Unit"));
    let numbers = match &line[&name] {
        Value::Array(numbers) => numbers.clone(),
        Value::Object(distribution) => distribution["Values"].as_array().cloned().unwrap_or_default(),
        number => vec![number.clone()],
    };
    assert!((1..=100).contains(&numbers.len()), "{name}: {line}");
    let number = |number: &Value| number.as_f64().unwrap_or_else(|| panic!("{name} is no number: {line}"));
    numbers.iter().map(|it| Told { name: name.clone(), unit: unit.clone(), value: number(it) }).collect()
}
