//! Cursors: where a page ended, bound to what was asked.
//!
//! A cursor is the position and a checksum over the position and the question. The checksum is no secret: whoever makes
//! a cursor by hand gets to a place in its own tenant's answers, which it may ask for anyway. It is there so that
//! a cursor that was damaged, or that belongs to another question, is told apart from a good one.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// No cursor of ours has more characters: names have up to 100 characters, and JSON and base64 make them longer.
pub const MAX_CURSOR: usize = 2048;

const CHECKSUM: usize = 12;

/// The cursor of a position in the answers to a question.
pub(super) fn encode(question: &str, position: &impl Serialize) -> String {
    let position = serde_json::to_vec(position).expect("a position is plain data");
    let mut bytes = checksum(question, &position).to_vec();
    bytes.extend(position);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position that a cursor names, if it belongs to this question.
pub(super) fn decode<T: DeserializeOwned>(question: &str, cursor: &str) -> Result<T> {
    let read = || -> Option<T> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (given, position) = bytes.split_at_checked(CHECKSUM)?;
        (given == checksum(question, position)).then(|| serde_json::from_slice(position).ok())?
    };
    read().ok_or_else(|| Error::Malformed("the cursor does not belong to this list".to_owned()))
}

fn checksum(question: &str, position: &[u8]) -> [u8; CHECKSUM] {
    let text = [question.as_bytes(), b"\0", position].concat();
    let sum = digest(&SHA256, &text);
    *sum.as_ref().first_chunk().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn a_cursor_leads_back_to_its_place_in_its_own_list() {
        let cursor = encode("list of a", &("Lovelace", 7));
        assert_eq!(decode::<(String, i32)>("list of a", &cursor).unwrap(), ("Lovelace".to_owned(), 7));
        assert!(decode::<(String, i32)>("list of b", &cursor).is_err());
    }

    #[test]
    fn a_damaged_cursor_leads_nowhere() {
        let cursor = encode("list", &("Lovelace", 7));
        for at in 0..cursor.len() {
            let mut damaged = cursor.clone().into_bytes();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(damaged).unwrap();
            assert!(decode::<(String, i32)>("list", &damaged).is_err(), "{damaged}");
        }
        for nothing in ["", "AAAA", "not base64 at all", &cursor[1..], &format!("{cursor}A")] {
            assert!(decode::<(String, i32)>("list", nothing).is_err(), "{nothing}");
        }
    }
}
