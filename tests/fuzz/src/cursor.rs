//! Cursors: each leads back to its place in its own list, and nowhere else.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crosswalk::contact::{Filter, Sort};
use crosswalk::paging::{MAX_CURSOR, Window};
use serde_json::json;
use uuid::Uuid;

use crate::laws::is_answered;

type Position = (String, Uuid);

/// The lines are a tenant, a contact's key in the order of a list, and a cursor as a client may send it.
pub fn cursor(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.splitn(3, '\n').map(str::to_owned);
    let mut line = || lines.next().unwrap_or_default();
    let (tenant, key, given) = (line(), line(), line());
    let filter = Filter::default();
    let question = question(&tenant, &filter);
    let random = digest(&SHA256, input);
    let id = Uuid::from_slice(&random.as_ref()[..16]).unwrap();

    let position = (key, id);
    let made = cursor_of(&question, &position);
    assert_eq!(place(&question, &made), Some(position.clone()));
    // The longest key that a contact has is an address.
    assert!(made.len() <= MAX_CURSOR || position.0.chars().count() > 254 || position.0.contains(char::is_control));
    for other in [
        self::question(&format!("{tenant}0"), &filter),
        self::question(&tenant, &Filter { deleted: true, ..filter }),
        String::new(),
    ] {
        assert_eq!(place(&other, &made), None, "it leads into another list");
    }
    let changed = changed(&made, &random.as_ref()[16..]);
    assert_eq!(place(&question, &changed), None, "{made} was changed to {changed}");

    if let Some(position) = place(&question, &given) {
        assert_eq!(cursor_of(&question, &position), given);
    }
    // The checksum is no secret. Who makes a cursor by hand gets to a place, or is refused.
    let meant = serde_json::from_str::<Position>(&given).ok();
    assert_eq!(place(&question, &by_hand(&question, &given)), meant);
}

/// As for a list of contacts.
fn question(tenant: &str, filter: &Filter) -> String {
    json!(["contacts", tenant, filter, Sort::OLDEST_FIRST]).to_string()
}

/// Where a list goes on after a page that ends here.
fn cursor_of(question: &str, position: &Position) -> String {
    let rows = vec![(position.clone(), "{}".to_owned()), (position.clone(), "{}".to_owned())];
    Window { limit: 1, cursor: None }.cut(question, rows).next.expect("there is a second page")
}

fn place(question: &str, cursor: &str) -> Option<Position> {
    let window = Window { limit: 1, cursor: Some(cursor.to_owned()) };
    window.position(question).inspect_err(|error| is_answered(error, 400)).ok().flatten()
}

/// The cursor with one byte that is another.
fn changed(cursor: &str, random: &[u8]) -> String {
    let at = usize::from(u16::from_le_bytes([random[0], random[1]])) % cursor.len();
    let other = [char::from(random[2] % 128), '*'].into_iter().find(|other| !cursor[at..].starts_with(*other));
    format!("{}{}{}", &cursor[..at], other.unwrap(), &cursor[at + 1..])
}

fn by_hand(question: &str, position: &str) -> String {
    let sum = digest(&SHA256, format!("{question}\0{position}").as_bytes());
    URL_SAFE_NO_PAD.encode([&sum.as_ref()[..12], position.as_bytes()].concat())
}
