//! The answer to a batch as it is kept with an idempotency key: without the faults of items that could not be read. Their
//! text is much larger than the items, and the repeated request, which has the same meaning, has the same faults.

use std::borrow::Cow;

use serde_json::Value;

use super::batch::Batch;
use super::outcomes::Outcome;
use crate::error::{Error, Result};

/// The answer to keep: null in place of each item that could not be read.
pub(super) fn without_faults<'a>(answer: &'a str, batch: &Batch) -> Result<Cow<'a, str>> {
    if batch.items.iter().all(Result::is_ok) {
        return Ok(Cow::Borrowed(answer));
    }
    let mut value = parsed(answer)?;
    for (place, item) in items(&mut value)?.iter_mut().zip(&batch.items) {
        if item.is_err() {
            *place = Value::Null;
        }
    }
    Ok(Cow::Owned(value.to_string()))
}

/// The whole answer: the faults are those of the repeated request.
pub(super) fn filled(kept: String, batch: &Batch, write_down: fn(&[Outcome]) -> String) -> Result<String> {
    if batch.items.iter().all(Result::is_ok) {
        return Ok(kept);
    }
    let outcomes: Vec<Outcome> =
        batch.items.iter().map(|item| Err(Error::Invalid(item.as_ref().err().cloned().unwrap_or_default()))).collect();
    let (mut value, mut faulty) = (parsed(&kept)?, parsed(&write_down(&outcomes))?);
    for (place, item) in items(&mut value)?.iter_mut().zip(items(&mut faulty)?) {
        if place.is_null() {
            *place = item.take();
        }
    }
    Ok(value.to_string())
}

fn parsed(answer: &str) -> Result<Value> {
    serde_json::from_str(answer).map_err(|_| Error::internal("read a kept answer", "not JSON"))
}

fn items(answer: &mut Value) -> Result<&mut Vec<Value>> {
    answer["items"].as_array_mut().ok_or_else(|| Error::internal("read a kept answer", "no items"))
}
