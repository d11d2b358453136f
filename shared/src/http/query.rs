//! Query parameters. An unknown or bad one is refused: ignoring it would answer another question.

use lambda_http::RequestExt;

use super::Request;
use crate::contacts::Shown;
use crate::error::{Error, Result};

/// What a reader of one contact wants to see.
pub fn shown(request: &Request) -> Result<Shown> {
    let mut shown = Shown::default();
    let Some(parameters) = request.query_string_parameters_ref() else {
        return Ok(shown);
    };
    let mut seen = Vec::new();
    for (name, value) in parameters.iter() {
        if seen.contains(&name) {
            return Err(Error::Malformed(format!("the parameter {name} is given twice")));
        }
        seen.push(name);
        match (name, value) {
            ("include", "links") => shown.links = true,
            ("include", _) => {
                return Err(Error::Malformed("the parameter include can only be links".to_owned()));
            }
            ("includeDeleted", flag) => shown.deleted = boolean("includeDeleted", flag)?,
            _ => {
                return Err(Error::Malformed("there is a query parameter that this route does not have".to_owned()));
            }
        }
    }
    Ok(shown)
}

fn boolean(name: &str, text: &str) -> Result<bool> {
    text.parse().map_err(|_| Error::Malformed(format!("the parameter {name} can only be true or false")))
}
