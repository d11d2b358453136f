//! `Conditions`: those that can be worked out from parameters and plain values.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html>

use std::collections::BTreeMap;

use super::{
    error::{Result, TemplateError},
    node::Node,
};

/// What each condition is. One that hangs on something else, such as a parameter without a value, is left out: where it
/// matters, the place that asks for it is the one to name.
pub(super) fn all(root: &Node<'_>) -> Result<BTreeMap<String, bool>> {
    let declared: BTreeMap<&str, Node<'_>> = match root.member("Conditions") {
        Some(conditions) => conditions.members()?.into_iter().collect(),
        None => BTreeMap::new(),
    };
    let mut known = BTreeMap::new();
    for (name, condition) in &declared {
        let mut path = vec![*name];
        if let Some(holds) = evaluate(condition, &declared, &mut path)? {
            known.insert((*name).to_owned(), holds);
        }
    }
    Ok(known)
}

/// `path` is how we came here, by the names of conditions.
fn evaluate<'a>(
    condition: &Node<'a>,
    declared: &BTreeMap<&'a str, Node<'a>>,
    path: &mut Vec<&'a str>,
) -> Result<Option<bool>> {
    let wrong = || TemplateError::BadCondition { at: condition.at().to_owned() };
    let (function, argument) = condition.function().ok_or_else(wrong)?;
    if function == "Condition" {
        return named(&argument, declared, path);
    }
    let items = argument.items().ok_or_else(wrong)?;
    match (function, items.as_slice()) {
        // A value that only a deployment knows leaves the whole condition open.
        ("Equals", [one, other]) => Ok(one.text().ok().zip(other.text().ok()).map(|(one, other)| one == other)),
        ("Not", [one]) => Ok(evaluate(one, declared, path)?.map(|holds| !holds)),
        ("And" | "Or", [_, _, ..]) => {
            let decisive = function == "Or";
            let mut open = false;
            for item in &items {
                match evaluate(item, declared, path)? {
                    Some(holds) if holds == decisive => return Ok(Some(decisive)),
                    Some(_) => {}
                    None => open = true,
                }
            }
            Ok((!open).then_some(!decisive))
        }
        _ => Err(wrong()),
    }
}

fn named<'a>(name: &Node<'a>, declared: &BTreeMap<&'a str, Node<'a>>, path: &mut Vec<&'a str>) -> Result<Option<bool>> {
    let wrong = || TemplateError::BadCondition { at: name.at().to_owned() };
    let text = name.text()?;
    let (&name, condition) = declared.get_key_value(&*text).ok_or_else(wrong)?;
    if path.contains(&name) {
        return Err(wrong());
    }
    path.push(name);
    let holds = evaluate(condition, declared, path);
    path.pop();
    holds
}
