//! A SAM template, read for what is played here: its functions, their routes, their schedules and their topics.

mod conditions;
mod error;
mod function;
mod ignored;
mod kafka;
mod node;
mod route;
mod schedule;
mod substitution;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fs, path::Path};

use saphyr::{LoadableYamlNode, Yaml};

pub(crate) use self::route::DEFAULT;
pub use self::{
    error::{Result, TemplateError},
    function::{AsyncInvocation, Function, Trigger},
    kafka::{Cluster, Kafka, Reply, StartingPosition},
    route::{Method, Route},
    schedule::Schedule,
};
use self::{
    ignored::Ignored,
    node::{Node, Values},
};

/// The name of the stack that runs locally; topics and consumer groups begin with it.
const LOCAL_STACK: &str = "crosswalk";

/// What a template says about its functions.
#[derive(Debug)]
pub struct Template {
    functions: BTreeMap<String, Function>,
    routes: Vec<Route>,
    ignored: Ignored,
}

impl Template {
    /// Reads the file at `path`.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_with(path, &BTreeMap::new())
    }

    /// Reads the file at `path` as it would be deployed with these values for its parameters.
    pub fn read_with(path: impl AsRef<Path>, given: &BTreeMap<String, String>) -> Result<Self> {
        let path = path.as_ref();
        let source =
            fs::read_to_string(path).map_err(|source| TemplateError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&source, given)
    }

    /// Reads the text of a template, with these values for its parameters.
    pub fn parse(source: &str, given: &BTreeMap<String, String>) -> Result<Self> {
        let documents = Yaml::load_from_str(source)?;
        let yaml = documents.first().unwrap_or(&Yaml::BadValue);
        let parameters = parameters(&Node::root(yaml, &Values::default()), given)?;
        let plain = Values { parameters, ..Values::default() };
        let conditions = conditions::all(&Node::root(yaml, &plain))?;
        let values = Values { conditions, ..plain };
        let root = Node::root(yaml, &values);

        let mut ignored = Ignored::default();
        ignored.resources(&root)?;
        let functions = function::all(&root, &mut ignored)?;
        let routes = route::all(&functions)?;
        let functions = by_name(functions)?;
        Ok(Self { functions, routes, ignored })
    }

    /// The functions by name: the binary's, which is also what `cargo lambda watch` calls them.
    pub fn functions(&self) -> &BTreeMap<String, Function> {
        &self.functions
    }

    /// The routes in the order of the template.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// What the template asks for and nothing here does, one sentence each.
    pub fn ignored(&self) -> &[String] {
        self.ignored.sentences()
    }
}

fn parameters(root: &Node<'_>, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let declared = root.member("Parameters").map_or(Ok(Vec::new()), |node| node.members())?;
    if let Some(name) = given.keys().find(|name| declared.iter().all(|(known, _)| known != name)) {
        return Err(TemplateError::UnknownParameter { name: name.clone() });
    }
    let mut values = given.clone();
    values.insert("AWS::StackName".to_owned(), LOCAL_STACK.to_owned());
    for (name, parameter) in declared {
        if let Some(default) = parameter.member("Default")
            && !values.contains_key(name)
        {
            values.insert(name.to_owned(), default.text()?.into_owned());
        }
    }
    Ok(values)
}

fn by_name(functions: Vec<Function>) -> Result<BTreeMap<String, Function>> {
    let mut named: BTreeMap<String, Function> = BTreeMap::new();
    for function in functions {
        if let Some(first) = named.get(&function.name) {
            return Err(TemplateError::SharedBinary {
                first: first.resource.clone(),
                second: function.resource,
                name: function.name,
            });
        }
        named.insert(function.name.clone(), function);
    }
    Ok(named)
}
