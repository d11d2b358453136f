//! `AcmeCRM`'s webhooks: `{event, id, timestamp, data}`, signed with HMAC-SHA256 over the time of sending and the body.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::contact::Text;
use crate::contact::reading::{Read, Reading, Rules, read};
use crate::error::{Error, Fault, Result};
use crate::json;
use crate::mapping::incoming::{ChangedAt, RemoteId};
use crate::mapping::record::Kept;
use crate::mapping::{Announced, Change, Delivery, News};

/// How far the time of sending may be from now, in both directions: whoever recorded a request can't send it later.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Whether one of the secrets signed this, and just now.
pub(super) fn is_genuine(delivery: &Delivery<'_>, secrets: &[&str], now: Timestamp) -> bool {
    let checked = || {
        let sent_at = (delivery.header)("x-acme-timestamp")?;
        let signature = (delivery.header)("x-acme-signature")?.strip_prefix("sha256=")?;
        let signature = from_hex(signature)?;
        let moment = time_of_sending(sent_at)?;
        let age = now.duration_since(moment).abs();
        let text = [sent_at.as_bytes(), delivery.body].concat();
        let signed = |secret: &&str| {
            !secret.is_empty() && verify(&Key::new(HMAC_SHA256, secret.as_bytes()), &text, &signature).is_ok()
        };
        // Each secret is tried, so that the time it takes doesn't tell which one it was.
        let genuine = secrets.iter().filter(|secret| signed(secret)).count() > 0;
        (genuine && age <= TOLERANCE).then_some(())
    };
    checked().is_some()
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.f…]Z` and no other form. The signature covers the time and the body without a
/// separator between them: with the `Z` as its end, no byte can be moved from one to the other.
fn time_of_sending(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.strip_suffix('Z')?.split_at_checked(19)?;
    let is_form = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    let digits =
        fraction.strip_prefix('.').is_none_or(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    let plain = fraction.is_empty() || fraction.starts_with('.');
    let whole = seconds.bytes().zip(*b"0000-00-00T00:00:00").all(is_form);
    if whole && plain && digits { text.parse().ok() } else { None }
}

/// What a body is about, as far as it can be read.
pub(super) fn announced(body: &[u8], rules: &Rules) -> Announced {
    let value = match parse(body) {
        Ok(value) => value,
        Err(error) => return Announced { event_id: None, kind: None, remote_id: None, verdict: Err(error) },
    };
    let text = |pointer: &str| value.pointer(pointer)?.as_str().and_then(plain);
    Announced {
        event_id: text("/id"),
        kind: text("/event"),
        remote_id: text("/data/id"),
        verdict: read::<Event>(value.clone(), rules).map(drop),
    }
}

/// What a body says. All its faults come back together.
pub(super) fn changes(body: &[u8], rules: &Rules) -> Result<Vec<Change>> {
    read::<Event>(parse(body)?, rules).map(|Event(change)| vec![change])
}

fn parse(body: &[u8]) -> Result<Value> {
    // Signed, so it did come from the CRM: its fault is one of the content, as all others are.
    let malformed = |detail: String| Error::Invalid(vec![Fault { pointer: String::new(), code: "malformed", detail }]);
    let text = std::str::from_utf8(body)
        .map_err(|error| malformed(format!("is not UTF-8 at byte {}", error.valid_up_to())))?;
    json::parse(text).map_err(|error| malformed(format!("is not JSON: {error}")))
}

/// A text that can be kept as a name.
fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = !text.is_empty() && !text.contains(char::is_control) && text.chars().count() <= 200;
    plain.then(|| text.to_owned())
}

struct Event(Change);

enum Kind {
    Changed,
    Deleted,
}

impl Read for Event {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let mut members = reading.object(value)?;
        let kind = reading.required(&mut members, "event");
        let id = reading.required::<Text<200>>(&mut members, "id");
        let told_at = reading.required(&mut members, "timestamp");
        let data = reading.required(&mut members, "data");
        let Kept(mut record) = data?;
        let remote_id = reading.at("data", |here| here.required(&mut named(&record), "id"));
        let news = match kind? {
            Kind::Changed => News::Is { record, told_at: told_at.map(|ChangedAt(at)| at) },
            Kind::Deleted => {
                let deleted_at = reading.at("data", |here| here.required(&mut record, "deletedAt"));
                News::Deleted(deleted_at.map(|ChangedAt(at)| at)?)
            }
        };
        id?;
        let RemoteId(remote_id) = remote_id?;
        Some(Self(Change { remote_id, news }))
    }
}

/// The record's id by itself: what is read is taken out, and the record is to stay whole.
fn named(record: &Map<String, Value>) -> Map<String, Value> {
    record.get_key_value("id").map(|(name, id)| (name.clone(), id.clone())).into_iter().collect()
}

impl Read for Kind {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        match value.as_str() {
            Some("contact.created" | "contact.updated") => Some(Self::Changed),
            Some("contact.deleted") => Some(Self::Deleted),
            _ => reading.fault("invalid", "must be contact.created, contact.updated or contact.deleted"),
        }
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
