//! One place in the template: its value and the way to it, so that every message can name it.

use std::{borrow::Cow, collections::BTreeMap};

use saphyr::{Scalar, Yaml};

use super::error::{Result, TemplateError};

/// Values of the template's parameters by name: those given by the caller, else the template's defaults.
pub(super) type Parameters = BTreeMap<String, String>;

/// A node of the template. Members that are absent, null or `!Ref AWS::NoValue` are not there.
#[derive(Clone)]
pub(super) struct Node<'a> {
    at: String,
    yaml: &'a Yaml<'a>,
    parameters: &'a Parameters,
}

impl<'a> Node<'a> {
    pub(super) fn root(yaml: &'a Yaml<'a>, parameters: &'a Parameters) -> Self {
        Self { at: String::new(), yaml, parameters }
    }

    /// The way to this node, such as `Resources.GetContact.Properties`.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    pub(super) fn member(&self, key: &str) -> Option<Self> {
        self.child(key, self.yaml.as_mapping_get(key)?)
    }

    /// The members in the order of the file.
    pub(super) fn members(&self) -> Result<Vec<(&'a str, Self)>> {
        let mapping = self.yaml.as_mapping().ok_or_else(|| self.not("a mapping"))?;
        Ok(mapping
            .iter()
            .filter_map(|(key, value)| {
                let key = key.as_str()?;
                Some((key, self.child(key, value)?))
            })
            .collect())
    }

    /// Scalars as text: `Timeout: 10` and `Timeout: "10"` are the same to `CloudFormation`.
    pub(super) fn text(&self) -> Result<Cow<'a, str>> {
        if let Some(name) = self.reference() {
            return self.parameter(name);
        }
        match self.yaml {
            Yaml::Value(Scalar::String(text)) => Ok(Cow::Borrowed(text.as_ref())),
            Yaml::Value(Scalar::Integer(number)) => Ok(number.to_string().into()),
            Yaml::Value(Scalar::Boolean(flag)) => Ok(flag.to_string().into()),
            Yaml::Value(Scalar::FloatingPoint(number)) => Ok(number.to_string().into()),
            _ => Err(match self.intrinsic() {
                Some(function) => TemplateError::Intrinsic { at: self.at.clone(), function },
                None => self.not("a plain value"),
            }),
        }
    }

    pub(super) fn number(&self, allowed: std::ops::RangeInclusive<u32>) -> Result<u32> {
        let text = self.text()?;
        text.parse().ok().filter(|number| allowed.contains(number)).ok_or_else(|| TemplateError::OutOfRange {
            at: self.at.clone(),
            found: text.into_owned(),
            least: *allowed.start(),
            most: *allowed.end(),
        })
    }

    pub(super) fn flag(&self) -> Result<bool> {
        match &*self.text()? {
            "true" | "True" => Ok(true),
            "false" | "False" => Ok(false),
            _ => Err(self.not("true or false")),
        }
    }

    fn child(&self, key: &str, yaml: &'a Yaml<'a>) -> Option<Self> {
        let at = if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) };
        let child = Self { at, yaml, parameters: self.parameters };
        let absent = yaml.is_null() || child.reference() == Some("AWS::NoValue");
        (!absent).then_some(child)
    }

    /// The name in `!Ref name`, or in its long form `{Ref: name}`.
    fn reference(&self) -> Option<&'a str> {
        match self.yaml {
            Yaml::Tagged(tag, name) if tag.handle == "!" && tag.suffix == "Ref" => name.as_str(),
            mapping => mapping.as_mapping_get("Ref")?.as_str(),
        }
    }

    fn parameter(&self, name: &str) -> Result<Cow<'a, str>> {
        let value = self
            .parameters
            .get(name)
            .ok_or_else(|| TemplateError::NoValue { at: self.at.clone(), parameter: name.to_owned() })?;
        Ok(Cow::Borrowed(value))
    }

    /// The intrinsic function here, as it is written: `!Sub` or `Fn::Sub`.
    fn intrinsic(&self) -> Option<String> {
        match self.yaml {
            Yaml::Tagged(tag, _) if tag.handle == "!" => Some(format!("!{}", tag.suffix)),
            mapping => {
                let (key, _) = mapping.as_mapping()?.front()?;
                key.as_str().filter(|key| key.starts_with("Fn::")).map(str::to_owned)
            }
        }
    }

    fn not(&self, expected: &'static str) -> TemplateError {
        let at = if self.at.is_empty() { "the template".to_owned() } else { self.at.clone() };
        TemplateError::WrongForm { at, expected }
    }
}
