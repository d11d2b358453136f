//! The functions, each with what bounds its invocations and what triggers it.

use std::time::Duration;

use super::{
    error::{Result, TemplateError},
    ignored::Ignored,
    kafka::{self, Kafka},
    node::Node,
    route::{self, Method},
    schedule::{self, Schedule},
};

/// A function of the template.
#[derive(Clone, Debug)]
pub struct Function {
    /// The binary: `Metadata.BuildProperties.Binary`, else the last folder of `CodeUri`.
    pub name: String,
    /// The logical id in the template.
    pub resource: String,
    /// How long an invocation may take; Lambda's default is 3 s.
    pub timeout: Duration,
    /// How many invocations may run at once, where the template says so. None at all when it is 0.
    pub reserved_concurrency: Option<u32>,
    /// What happens to an event whose invocation fails.
    pub asynchronous: AsyncInvocation,
    /// What calls it, in the order of the template.
    pub triggers: Vec<Trigger>,
}

/// `EventInvokeConfig`: how Lambda treats events that nobody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsyncInvocation {
    /// Tries after the first one, 0 to 2; 2 by default.
    pub retries: u32,
    /// An event older than this is dropped; six hours by default.
    pub max_age: Duration,
}

/// What calls a function.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Trigger {
    /// A request to an HTTP API.
    Route {
        /// The place in the template.
        at: String,
        /// The method, or `ANY`.
        method: Method,
        /// The path as API Gateway writes it, or `$default`.
        path: String,
    },
    /// The clock.
    Schedule(Schedule),
    /// The records of topics.
    Kafka(Kafka),
}

impl Function {
    /// A function of this name with Lambda's defaults, which nothing triggers.
    pub fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            resource: name.clone(),
            name,
            timeout: Duration::from_secs(3),
            reserved_concurrency: None,
            asynchronous: AsyncInvocation { retries: 2, max_age: Duration::from_hours(6) },
            triggers: Vec::new(),
        }
    }

    /// The schedules that are enabled.
    pub fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        self.triggers.iter().filter_map(|trigger| match trigger {
            Trigger::Schedule(schedule) if schedule.enabled => Some(schedule),
            _ => None,
        })
    }

    /// The mappings of Kafka topics that are enabled.
    pub fn mappings(&self) -> impl Iterator<Item = &Kafka> {
        self.triggers.iter().filter_map(|trigger| match trigger {
            Trigger::Kafka(kafka) if kafka.enabled => Some(kafka),
            _ => None,
        })
    }
}

pub(super) fn all(root: &Node<'_>, ignored: &mut Ignored) -> Result<Vec<Function>> {
    let globals = root.member("Globals").and_then(|globals| globals.member("Function"));
    let resources = root.member("Resources").ok_or_else(|| TemplateError::Missing { at: "Resources".into() })?;
    let mut functions = Vec::new();
    for (id, resource) in resources.members()? {
        let kind = resource.member("Type").ok_or_else(|| missing(&resource, "Type"))?;
        if kind.text()? == "AWS::Serverless::Function" && deployed(&resource, ignored)? {
            functions.push(read(id, &resource, globals.as_ref(), ignored)?);
        }
    }
    Ok(functions)
}

/// Whether there is such a function at all. One whose condition is not known is taken as there.
fn deployed(resource: &Node<'_>, ignored: &mut Ignored) -> Result<bool> {
    let Some(condition) = resource.member("Condition") else {
        return Ok(true);
    };
    Ok(resource.condition(&condition.text()?).unwrap_or_else(|| {
        ignored.setting(condition.at());
        true
    }))
}

fn read(id: &str, resource: &Node<'_>, globals: Option<&Node<'_>>, ignored: &mut Ignored) -> Result<Function> {
    let properties = resource.member("Properties").ok_or_else(|| missing(resource, "Properties"))?;
    let setting = |key: &str| properties.member(key).or_else(|| globals.and_then(|node| node.member(key)));
    let whole = |key: &str, allowed| setting(key).map(|node| node.number(allowed)).transpose();

    let name = binary(id, resource, setting("CodeUri").as_ref())?;
    let triggers = triggers(id, &name, &properties, ignored)?;
    let scheduled = triggers.iter().any(|trigger| matches!(trigger, Trigger::Schedule(_)));
    let configurations =
        [globals, Some(&properties)].map(|node| node.and_then(|node| node.member("EventInvokeConfig")));
    if scheduled {
        for configuration in configurations.iter().flatten() {
            ignored.members_but(configuration, &["MaximumEventAgeInSeconds", "MaximumRetryAttempts"])?;
        }
    }
    Ok(Function {
        resource: id.to_owned(),
        timeout: Duration::from_secs(whole("Timeout", 1..=900)?.unwrap_or(3).into()),
        reserved_concurrency: whole("ReservedConcurrentExecutions", 0..=1_000_000)?,
        asynchronous: asynchronous(&configurations)?,
        triggers,
        name,
    })
}

/// The name `cargo lambda watch` knows the function by.
fn binary(id: &str, resource: &Node<'_>, code: Option<&Node<'_>>) -> Result<String> {
    let built = resource
        .member("Metadata")
        .and_then(|metadata| metadata.member("BuildProperties"))
        .and_then(|properties| properties.member("Binary"));
    if let Some(binary) = built {
        return Ok(binary.text()?.into_owned());
    }
    let code = code.map(Node::text).transpose()?.unwrap_or_default();
    match code.trim_end_matches('/').rsplit('/').next() {
        Some(folder) if !["", ".", ".."].contains(&folder) => Ok(folder.to_owned()),
        _ => Err(TemplateError::NoBinary { resource: id.to_owned() }),
    }
}

/// The function's own configuration before the one all functions share, member by member.
fn asynchronous(configurations: &[Option<Node<'_>>; 2]) -> Result<AsyncInvocation> {
    let whole = |key: &str, allowed| {
        let node = configurations.iter().rev().flatten().find_map(|node| node.member(key));
        node.map(|node| node.number(allowed)).transpose()
    };
    let max_age = whole("MaximumEventAgeInSeconds", 60..=21_600)?.unwrap_or(21_600);
    Ok(AsyncInvocation {
        retries: whole("MaximumRetryAttempts", 0..=2)?.unwrap_or(2),
        max_age: Duration::from_secs(max_age.into()),
    })
}

fn triggers(id: &str, function: &str, properties: &Node<'_>, ignored: &mut Ignored) -> Result<Vec<Trigger>> {
    let Some(events) = properties.member("Events") else {
        return Ok(Vec::new());
    };
    let mut triggers = Vec::new();
    for (name, event) in events.members()? {
        let kind = event.member("Type").ok_or_else(|| missing(&event, "Type"))?;
        match &*kind.text()? {
            "HttpApi" => triggers.push(route::read(&event, ignored)?),
            "Schedule" => {
                // SAM names the rule after both logical ids.
                let rule = format!("{id}{name}");
                triggers.push(Trigger::Schedule(schedule::read(rule, &event, ignored)?));
            }
            kind @ ("MSK" | "SelfManagedKafka") => {
                let read = if kind == "MSK" { kafka::managed } else { kafka::self_managed };
                triggers.push(Trigger::Kafka(read(format!("{function}-{name}"), &event, ignored)?));
            }
            kind => ignored.event(event.at(), kind),
        }
    }
    Ok(triggers)
}

pub(super) fn missing(node: &Node<'_>, member: &str) -> TemplateError {
    TemplateError::Missing { at: format!("{}.{member}", node.at()) }
}
