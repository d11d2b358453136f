//! JSON whose objects name each member once. Of two members with one name, parsers keep the first, the last or both
//! (RFC 8259, section 4): which one a caller meant is not ours to guess.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Parses a text. The error says where it is broken and quotes nothing of it.
pub(super) fn parse(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text).map(|Unambiguous(value)| value)
}

struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values).map(Self)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Unambiguous(element)) = elements.next_element()? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom("a member is given twice"));
            }
            let Unambiguous(value) = members.next_value()?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::{Value, from_str};

    #[test]
    fn it_reads_as_serde_json_does() {
        for text in [
            "null",
            " [true, false, -1, 18446744073709551615, 0.1, 1e300, \"\\u00e9\\n\"] ",
            r#"{"b": {"a": []}, "a": {"a": {}}}"#,
        ] {
            assert_eq!(parse(text).unwrap(), from_str::<Value>(text).unwrap(), "{text}");
        }
        for broken in ["", "{", "1e400", "[1,]", "{} {}", "\"\\ud800\"", &"[".repeat(200)] {
            assert_eq!(parse(broken).unwrap_err().to_string(), from_str::<Value>(broken).unwrap_err().to_string());
        }
    }

    #[test]
    fn a_member_given_twice_is_refused_with_its_place() {
        let error = parse("{\"a\": 1,\n \"b\": {\"c\": 1, \"c\": 1}}").unwrap_err();
        assert_eq!(error.to_string(), "a member is given twice at line 2 column 18");
    }
}
