//! What a path names.

use lambda_http::RequestExt;
use uuid::Uuid;

use super::Request;
use crate::error::{Error, Result};

/// The contact that the path names. What can't be one of our ids names no contact.
pub fn contact_id(request: &Request) -> Result<Uuid> {
    let given = request.path_parameters_ref().and_then(|parameters| parameters.first("id")).unwrap_or_default();
    match Uuid::try_parse(given) {
        // Only the form that we give out: one contact has one address.
        Ok(id) if id.to_string() == given => Ok(id),
        _ => Err(Error::ContactNotFound(given.chars().take(64).collect())),
    }
}
