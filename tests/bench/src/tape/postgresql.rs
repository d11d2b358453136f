//! PostgreSQL's protocol, as far as a client's questions go
//! (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).

use std::collections::HashMap;

use bytes::{Buf, Bytes, BytesMut};

/// A question to PostgreSQL.
#[derive(Debug, Clone)]
pub enum Query {
    /// A statement that is kept prepared, and its values in binary form.
    Prepared(String, Vec<Value>),
    /// A statement that is parsed for this once: the types of its values go with it.
    Once(String, Vec<u32>, Vec<Value>),
    /// A text without values, such as `begin`.
    Simple(String),
}

/// A value in binary form, or null.
pub type Value = Option<Bytes>;

/// A message.
#[derive(Debug)]
pub enum Message {
    /// It asks this.
    Asks(Query),
    /// It prepares, or ends, or is about the connection.
    Other,
}

/// Reads what one client sends on one connection.
#[derive(Debug, Default)]
pub struct Reader {
    /// The first message has no type.
    started: bool,
    statements: HashMap<Bytes, (String, Vec<u32>)>,
}

impl Reader {
    /// Takes a whole message from the front, if there is one.
    pub fn message(&mut self, buffer: &mut BytesMut) -> Option<Message> {
        let tag = usize::from(self.started);
        let length = buffer.get(tag..tag + 4).map(|mut length| length.get_u32())?;
        let whole = tag + usize::try_from(length).expect("32 bits fit");
        if buffer.len() < whole {
            return None;
        }
        let mut message = buffer.split_to(whole).freeze();
        let kind = if self.started { message.get_u8() } else { 0 };
        message.advance(4);
        self.started = true;
        let asks = match kind {
            b'Q' => Some(Query::Simple(text(&mut message))),
            b'B' => self.bind(message),
            b'P' => {
                self.parse(message);
                None
            }
            _ => None,
        };
        Some(asks.map_or(Message::Other, Message::Asks))
    }

    fn parse(&mut self, mut message: Bytes) {
        let (name, sql) = (string(&mut message), text(&mut message));
        let types = (0..message.get_u16()).map(|_| message.get_u32()).collect();
        self.statements.insert(name, (sql, types));
    }

    fn bind(&self, mut message: Bytes) -> Option<Query> {
        let (_portal, name) = (string(&mut message), string(&mut message));
        for _ in 0..message.get_u16() {
            message.get_u16();
        }
        let values = (0..message.get_u16()).map(|_| value(&mut message)).collect();
        let (sql, types) = self.statements.get(&name)?.clone();
        Some(if name.is_empty() { Query::Once(sql, types, values) } else { Query::Prepared(sql, values) })
    }
}

/// Null has a length of -1.
fn value(message: &mut Bytes) -> Value {
    let length = usize::try_from(message.get_i32()).ok()?;
    Some(message.split_to(length))
}

fn text(message: &mut Bytes) -> String {
    String::from_utf8_lossy(&string(message)).into_owned()
}

fn string(message: &mut Bytes) -> Bytes {
    let end = message.iter().position(|&byte| byte == 0).unwrap_or(message.len());
    let string = message.split_to(end);
    message.advance(1.min(message.len()));
    string
}
