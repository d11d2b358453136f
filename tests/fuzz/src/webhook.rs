//! Webhooks: whose they are, and what they say.

use std::fmt::Write;
use std::sync::LazyLock;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use crosswalk::mapping::{Announced, Change, Delivery, News};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::laws::{RULES, acme, is_answered, there_and_back};
use crate::message::Message;

/// What a connection has signed with.
const SECRETS: [&str; 2] = ["a secret", "the secret before"];

static NOW: LazyLock<Timestamp> = LazyLock::new(|| "2026-01-31T12:00:00Z".parse().unwrap());

/// The lines are headers; what comes after an empty line is the body.
pub fn webhook(input: &[u8]) {
    let sent = Message::read(input);
    let (at, signature) = (sent.text("x-acme-timestamp"), sent.text("x-acme-signature"));
    let is_now = at
        .filter(|at| has_the_one_form(at))
        .and_then(|at| at.parse::<Timestamp>().ok())
        .is_some_and(|at| NOW.duration_since(at).abs() <= SignedDuration::from_mins(5));
    let good = SECRETS.map(|secret| hmac(secret, at.unwrap_or_default(), sent.body));
    let is_signed = signature
        .and_then(|it| it.strip_prefix("sha256="))
        .is_some_and(|it| good.iter().any(|good| good.eq_ignore_ascii_case(it)));
    assert_eq!(is_genuine(at, signature, sent.body), is_signed && is_now);

    for good in good.map(|good| format!("sha256={good}")) {
        assert_eq!(is_genuine(at, Some(&good), sent.body), is_now);
        assert!(!is_genuine(at, Some(&good), &changed(sent.body)), "another body");
        assert!(
            !is_genuine(Some("2026-01-31T12:00:01Z"), Some(&good), sent.body) || at == Some("2026-01-31T12:00:01Z")
        );
    }
    for strange in ["", "a secret ", "the secret after"] {
        let strange = format!("sha256={}", hmac(strange, at.unwrap_or_default(), sent.body));
        assert!(!is_genuine(at, Some(&strange), sent.body), "another secret");
    }
    is_kept_or_refused(sent.body);
}

/// Whether the text is `YYYY-MM-DDTHH:MM:SS[.f…]Z`. In any other form a byte could move between the time and the body under the
/// same signature.
fn has_the_one_form(at: &str) -> bool {
    let form: String = at.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let Some(rest) = form.strip_prefix("0000-00-00T00:00:00").and_then(|rest| rest.strip_suffix('Z')) else {
        return false;
    };
    rest.is_empty()
        || rest.strip_prefix('.').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b == b'0'))
}

fn is_genuine(at: Option<&str>, signature: Option<&str>, body: &[u8]) -> bool {
    let header = |name: &str| match name {
        "x-acme-timestamp" => at,
        "x-acme-signature" => signature,
        _ => None,
    };
    acme().is_genuine(&Delivery { header: &header, body }, &SECRETS, *NOW)
}

fn hmac(secret: &str, at: &str, body: &[u8]) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), &[at.as_bytes(), body].concat());
    tag.as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The body with one bit that is another; an empty one becomes longer.
fn changed(body: &[u8]) -> Vec<u8> {
    let mut changed = body.to_vec();
    let at = body.iter().map(|byte| usize::from(*byte)).sum::<usize>() % body.len().max(1);
    match changed.get_mut(at) {
        Some(byte) => *byte ^= 1,
        None => changed.push(b' '),
    }
    changed
}

/// What is signed is kept by a name that can be kept, and says what has happened, or is refused with all that is wrong.
fn is_kept_or_refused(body: &[u8]) {
    let Announced { event_id, kind, remote_id, verdict } = acme().announced(body, &RULES);
    for name in [&event_id, &kind, &remote_id].into_iter().flatten() {
        assert!((1..=200).contains(&name.chars().count()) && !name.contains(char::is_control) && name.trim() == name);
    }
    let changes = match (verdict, acme().changes(body, &RULES)) {
        (Ok(()), Ok(changes)) => changes,
        (Err(told), Err(found)) => {
            assert_eq!(told.reason(), found.reason());
            return is_answered(&told, 422);
        }
        (verdict, changes) => panic!("told {verdict:?}, found {changes:?}"),
    };
    let [change]: [Change; 1] = changes.try_into().expect("a webhook tells of one record");
    assert_eq!((remote_id, event_id.is_some(), kind.is_some()), (Some(change.remote_id), true, true));
    if let News::Is { record, .. } = change.news {
        let body: Value = serde_json::from_slice(body).expect("it was read");
        assert_eq!(body["data"].as_object(), Some(&record), "nothing of a record is lost");
        there_and_back(&record, &RULES);
    }
}
