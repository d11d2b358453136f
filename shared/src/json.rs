//! JSON whose objects name each member once. Of two members with one name, parsers keep the first, the last or both
//! (RFC 8259, section 4): which one a caller meant is not ours to guess.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A body has at most so many values. Each takes some hundred bytes of memory, whatever it took in the text: a batch of
/// the largest contacts has half as many.
const MAX_VALUES: usize = 200_000;

/// Parses a text. The error says where it is broken and quotes nothing of it.
pub fn parse(text: &str) -> serde_json::Result<Value> {
    let left = Cell::new(MAX_VALUES);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Values { left: &left }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Values whose objects name each member once, and that are not too many.
#[derive(Clone, Copy)]
struct Values<'a> {
    left: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| D::Error::custom("there are too many values"))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
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
        while let Some(element) = elements.next_element_seed(self)? {
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
            object.insert(name, members.next_value_seed(self)?);
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
    fn as_many_values_as_a_body_may_have_and_no_more() {
        let array = |values: usize| format!("[{}1]", "1,".repeat(values - 2));
        assert!(parse(&array(super::MAX_VALUES)).is_ok());
        let error = parse(&array(super::MAX_VALUES + 1)).unwrap_err().to_string();
        assert!(error.starts_with("there are too many values at line 1"), "{error}");
    }

    #[test]
    fn a_member_given_twice_is_refused_with_its_place() {
        let error = parse("{\"a\": 1,\n \"b\": {\"c\": 1, \"c\": 1}}").unwrap_err();
        assert_eq!(error.to_string(), "a member is given twice at line 2 column 18");
    }
}
