//! `HttpApi` events: the routes.

use std::{collections::HashMap, fmt, str::FromStr};

use super::{
    error::{Result, TemplateError},
    function::{Function, Trigger},
    ignored::Ignored,
    node::Node,
};

/// The path of the route that takes what no other route takes.
pub(crate) const DEFAULT: &str = "$default";

/// A route to a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method, or `ANY`.
    pub method: Method,
    /// The path as API Gateway writes it, such as `/contacts/{id}`, or `$default`.
    pub path: String,
    /// The name of the function.
    pub function: String,
}

/// A method of an HTTP API's route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the methods of HTTP have their meaning from RFC 9110")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    /// Each of them that no route of the same path names.
    Any,
}

impl Method {
    /// The methods themselves, without `ANY`.
    pub const ALL: [Self; 7] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete, Self::Options];

    /// As it is written in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Any => "ANY",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Method {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut methods = Self::ALL.into_iter().chain([Self::Any]);
        methods.find(|method| method.as_str().eq_ignore_ascii_case(text)).ok_or(())
    }
}

pub(super) fn read(event: &Node<'_>, ignored: &mut Ignored) -> Result<Trigger> {
    let properties = event.member("Properties");
    let part = |key: &str| properties.as_ref().and_then(|properties| properties.member(key));
    if let Some(properties) = &properties {
        ignored.members_but(properties, &["ApiId", "Method", "Path"])?;
    }
    let half = |absent: &str| TemplateError::HalfRoute { at: format!("{}.Properties.{absent}", event.at()) };
    let (method, path) = match (part("Method"), part("Path")) {
        (None, None) => (Method::Any, DEFAULT.to_owned()),
        (Some(method), Some(path)) => (read_method(&method)?, read_path(&path)?),
        (None, Some(_)) => return Err(half("Method")),
        (Some(_), None) => return Err(half("Path")),
    };
    Ok(Trigger::Route { at: event.at().to_owned(), method, path })
}

fn read_method(node: &Node<'_>) -> Result<Method> {
    let text = node.text()?;
    text.parse().map_err(|()| TemplateError::UnknownMethod { at: node.at().to_owned(), method: text.into_owned() })
}

fn read_path(node: &Node<'_>) -> Result<String> {
    let path = node.text()?.into_owned();
    if path == DEFAULT || is_path(&path) {
        Ok(path)
    } else {
        Err(TemplateError::BadPath { at: node.at().to_owned(), path })
    }
}

fn is_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    let segments: Vec<&str> = rest.split('/').collect();
    let last = segments.len() - 1;
    segments.iter().enumerate().all(|(index, segment)| {
        let Some(parameter) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return !segment.contains(['{', '}']);
        };
        let name = parameter.strip_suffix('+').filter(|_| index == last).unwrap_or(parameter);
        !name.is_empty() && !name.contains(['{', '}', '+', '*'])
    })
}

/// All routes, each taken once.
pub(super) fn all(functions: &[Function]) -> Result<Vec<Route>> {
    let mut taken: HashMap<(Method, &str), &str> = HashMap::new();
    let mut routes = Vec::new();
    for function in functions {
        for trigger in &function.triggers {
            let Trigger::Route { at, method, path } = trigger else {
                continue;
            };
            if let Some(first) = taken.insert((*method, path), at) {
                return Err(TemplateError::SharedRoute {
                    first: first.to_owned(),
                    second: at.clone(),
                    route: format!("{method} {path}"),
                });
            }
            routes.push(Route { method: *method, path: path.clone(), function: function.name.clone() });
        }
    }
    one_spelling(&routes)?;
    Ok(routes)
}

/// `/contacts/{id}` and `/contacts/{contact}` are one path, of which a router takes one spelling.
fn one_spelling(routes: &[Route]) -> Result<()> {
    let mut spellings: HashMap<String, &str> = HashMap::new();
    for route in routes {
        let shape: Vec<&str> = route
            .path
            .split('/')
            .map(|segment| match segment {
                greedy if greedy.ends_with("+}") => "{+}",
                parameter if parameter.starts_with('{') => "{}",
                fixed => fixed,
            })
            .collect();
        let first = spellings.entry(shape.join("/")).or_insert(&route.path);
        if *first != route.path {
            return Err(TemplateError::ParameterNames { first: (*first).to_owned(), second: route.path.clone() });
        }
    }
    Ok(())
}
