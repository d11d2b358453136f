//! What requests about the sync ask.

use uuid::Uuid;

use super::Request;
use super::path::{parameter, start, uuid};
use super::query::Parameters;
use crate::db::{conflicts, sync_failures};
use crate::error::{Error, Result};
use crate::id;
use crate::sync::{ConflictListing, FailureListing};

/// What a request for a list of failures asks.
pub fn failure_listing(request: &Request) -> Result<FailureListing> {
    let mut parameters = Parameters::of(request)?;
    let window = parameters.window()?;
    let state = parameters.read("state", "failing or dead", |word| match word {
        "failing" => Some(sync_failures::State::Failing),
        "dead" => Some(sync_failures::State::Dead),
        _ => None,
    })?;
    let filter = sync_failures::Filter { connection: parameters.connection()?, state };
    parameters.finish()?;
    Ok(FailureListing { filter, window })
}

/// The failure that the path names: its connection and its contact. What can't be one of ours names none.
pub fn failure_id(request: &Request) -> Result<(String, Uuid)> {
    let given = parameter(request, "id");
    let read = || {
        let (connection, contact) = given.split_once('.')?;
        id::is_connection(connection).then(|| Some((connection.to_owned(), uuid(contact)?)))?
    };
    read().ok_or_else(|| Error::SyncFailureNotFound(start(given)))
}

/// What a request for a list of conflicts asks.
pub fn conflict_listing(request: &Request) -> Result<ConflictListing> {
    let mut parameters = Parameters::of(request)?;
    let window = parameters.window()?;
    let contact = parameters.read("contactId", "the id of a contact", uuid)?;
    let filter = conflicts::Filter { connection: parameters.connection()?, contact };
    parameters.finish()?;
    Ok(ConflictListing { filter, window })
}
