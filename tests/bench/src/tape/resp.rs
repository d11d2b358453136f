//! Redis's protocol, as clients speak it: arrays of bulk strings (<https://redis.io/docs/latest/develop/reference/protocol-spec/>).

use bytes::{Bytes, BytesMut};

use super::Command;

/// Takes a whole command from the front, if there is one.
///
/// # Panics
///
/// When a client speaks something else.
pub fn command(buffer: &mut BytesMut) -> Option<Command> {
    let (count, mut at) = number(buffer, 0, b'*')?;
    let mut words = Vec::with_capacity(count);
    for _ in 0..count {
        let (length, begin) = number(buffer, at, b'$')?;
        words.push(begin..begin + length);
        at = begin + length + 2;
        if buffer.len() < at {
            return None;
        }
    }
    let whole: Bytes = buffer.split_to(at).freeze();
    Some(words.into_iter().map(|range| whole.slice(range)).collect())
}

/// The number in the line that begins here, and where the next one begins.
fn number(buffer: &[u8], at: usize, mark: u8) -> Option<(usize, usize)> {
    let line = &buffer.get(at..)?;
    let end = line.windows(2).position(|pair| pair == b"\r\n")?;
    assert_eq!(line.first(), Some(&mark), "no command: {}", line[..end].escape_ascii());
    let digits = std::str::from_utf8(&line[1..end]).expect("digits");
    Some((digits.parse().expect("a length"), at + end + 2))
}
