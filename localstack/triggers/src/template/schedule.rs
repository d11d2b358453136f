//! `Schedule` events: functions called by the clock.

use serde_json::Value;

use super::{
    error::{Result, TemplateError},
    function::missing,
    ignored::Ignored,
    node::Node,
};
use crate::schedule::Expression;

/// A schedule of a function.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The name of the `EventBridge` rule: `Name`, else the logical ids of the function and the event.
    pub rule: String,
    /// When it fires.
    pub expression: Expression,
    /// False when the template switches it off.
    pub enabled: bool,
    /// What the function gets in place of the scheduled event.
    pub input: Option<Value>,
}

pub(super) fn read(rule: String, event: &Node<'_>, ignored: &mut Ignored) -> Result<Schedule> {
    let properties = event.member("Properties").ok_or_else(|| missing(event, "Properties"))?;
    ignored.members_but(&properties, &["Description", "Enabled", "Input", "Name", "Schedule", "State"])?;
    let name = properties.member("Name").map(|name| name.text()).transpose()?;
    Ok(Schedule {
        rule: name.map_or(rule, Into::into),
        expression: expression(&properties)?,
        enabled: enabled(&properties)?,
        input: properties.member("Input").map(|input| read_input(&input)).transpose()?,
    })
}

fn expression(properties: &Node<'_>) -> Result<Expression> {
    let node = properties.member("Schedule").ok_or_else(|| missing(properties, "Schedule"))?;
    node.text()?.parse().map_err(|source| TemplateError::BadSchedule { at: node.at().to_owned(), source })
}

/// `State` is the newer of the two ways to say it, and `Enabled` the older.
fn enabled(properties: &Node<'_>) -> Result<bool> {
    if let Some(state) = properties.member("State") {
        return Ok(state.text()? == "ENABLED");
    }
    properties.member("Enabled").map_or(Ok(true), |enabled| enabled.flag())
}

fn read_input(node: &Node<'_>) -> Result<Value> {
    serde_json::from_str(&node.text()?).map_err(|source| TemplateError::BadInput { at: node.at().to_owned(), source })
}
