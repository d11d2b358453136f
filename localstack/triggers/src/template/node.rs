//! One place in the template: its value and the way to it, so that every message can name it.

use std::{borrow::Cow, collections::BTreeMap};

use saphyr::{Scalar, Yaml};

use super::{
    error::{Result, TemplateError},
    substitution::substitute,
};

/// What can be said before anything is deployed.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// The parameters' values by name: those given by the caller, else the template's defaults.
    pub(super) parameters: BTreeMap<String, String>,
    /// The conditions that hang on nothing else.
    pub(super) conditions: BTreeMap<String, bool>,
}

/// A node of the template. Members that are absent, null or `!Ref AWS::NoValue` are not there.
#[derive(Clone)]
pub(super) struct Node<'a> {
    at: String,
    yaml: &'a Yaml<'a>,
    values: &'a Values,
}

impl<'a> Node<'a> {
    pub(super) fn root(yaml: &'a Yaml<'a>, values: &'a Values) -> Self {
        Self { at: String::new(), yaml, values }
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

    /// The items of a list; none where this is something else than a list.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        let items = self.yaml.as_sequence()?;
        Some(items.iter().zip(0..).filter_map(|(item, index)| self.child(&format!("{index}"), item)).collect())
    }

    /// The name and the argument of the intrinsic function here: `!Equals` and `Fn::Equals` are both `Equals`.
    pub(super) fn function(&self) -> Option<(&'a str, Self)> {
        let (name, argument) = match self.yaml {
            Yaml::Tagged(tag, argument) if tag.handle == "!" => (tag.suffix.as_str(), argument.as_ref()),
            mapping => {
                let mapping = mapping.as_mapping().filter(|mapping| mapping.len() == 1)?;
                let (key, argument) = mapping.front()?;
                let key = key.as_str()?;
                (key.strip_prefix("Fn::").or_else(|| (key == "Condition").then_some(key))?, argument)
            }
        };
        Some((name, Self { at: self.at.clone(), yaml: argument, values: self.values }))
    }

    /// What a condition of the template is, if that is known.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        self.values.conditions.get(name).copied()
    }

    /// Scalars as text: `Timeout: 10` and `Timeout: "10"` are the same to `CloudFormation`.
    pub(super) fn text(&self) -> Result<Cow<'a, str>> {
        if let Some(name) = self.reference() {
            return self.parameter(name);
        }
        if let Some(("Sub", text)) = self.function()
            && let Some(text) = text.yaml.as_str()
        {
            return substitute(text, |name| self.parameter(name)).map(Cow::Owned);
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
        let child = Self { at, yaml, values: self.values }.chosen();
        let absent = child.yaml.is_null() || child.reference() == Some("AWS::NoValue");
        (!absent).then_some(child)
    }

    /// The branch that an `!If` takes. One whose condition is not known stays, for nobody may ever read it.
    fn chosen(self) -> Self {
        let Some(("If", branches)) = self.function() else {
            return self;
        };
        match branches.yaml.as_sequence().map(Vec::as_slice) {
            Some([name, yes, no]) => match name.as_str().and_then(|name| self.condition(name)) {
                Some(holds) => Self { yaml: if holds { yes } else { no }, ..branches }.chosen(),
                None => self,
            },
            _ => self,
        }
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
            .values
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
