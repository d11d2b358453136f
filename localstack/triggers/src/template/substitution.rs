//! `!Sub` with nothing but names in it: `kafka://${FailedTopic}`.

use super::error::Result;

/// The text with each `${name}` replaced by its value, and `${!name}` by a plain `${name}`.
pub(super) fn substitute<V: AsRef<str>>(text: &str, value: impl Fn(&str) -> Result<V>) -> Result<String> {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = next(rest) {
        whole.push_str(before);
        match name.strip_prefix('!') {
            Some(literal) => whole.extend(["${", literal, "}"]),
            None => whole.push_str(value(name.trim())?.as_ref()),
        }
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, inside) = text.split_once("${")?;
    let (name, after) = inside.split_once('}')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::substitute;

    #[test]
    fn names_become_their_values_and_the_rest_stays() {
        let value = |name: &str| Ok(format!("<{name}>"));
        for (text, whole) in [
            ("kafka://${Topic}", "kafka://<Topic>"),
            ("${A}-${ B }", "<A>-<B>"),
            ("${!A}${A}", "${A}<A>"),
            ("${A", "${A"),
            ("plain $ text", "plain $ text"),
        ] {
            assert_eq!(substitute(text, value).expect("each has a value"), whole);
        }
    }
}
