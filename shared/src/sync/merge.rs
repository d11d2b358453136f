//! The three-way merge: what the CRM changed since it was last seen, laid over what we have, field by field.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::Fields;
use crate::db::links::Side;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The fields as they are to be.
    pub fields: Fields,
    /// What both sides had changed, and differently.
    pub conflicts: Vec<Clash>,
}

/// A field that both sides had changed.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Clash {
    pub field: String,
    pub ours: Option<Value>,
    pub theirs: Option<Value>,
}

/// Merges. `base` is what was last seen of the CRM's record; without it everything there may be a change of theirs.
/// `changed_here` says whether we have changes that the CRM has not been told; `kept` is whose are kept where both have. What
/// is `ours_anyway` the CRM has only given a form of its own: there a later change of ours is no clash.
pub fn merge(
    base: Option<&Fields>,
    ours: &Fields,
    theirs: &Fields,
    changed_here: bool,
    kept: Side,
    ours_anyway: impl Fn(&str) -> bool,
) -> Merged {
    let mine: BTreeSet<&str> = match base {
        _ if !changed_here => BTreeSet::new(),
        Some(base) => base.differing(ours).collect(),
        None => theirs.differing(ours).collect(),
    };
    let mut merged = Merged { fields: ours.clone(), conflicts: Vec::new() };
    for name in base.unwrap_or(ours).differing(theirs).collect::<BTreeSet<_>>() {
        let (our, their) = (ours.get(name), theirs.get(name));
        if our == their {
            continue;
        }
        if mine.contains(name) {
            if ours_anyway(name) {
                continue;
            }
            let clash = Clash { field: name.to_owned(), ours: our.cloned(), theirs: their.cloned() };
            merged.conflicts.push(clash);
            if kept == Side::Ours {
                continue;
            }
        }
        merged.fields.set(name, their);
    }
    merged
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Clash, Merged, merge};
    use crate::contact::NewContact;
    use crate::contact::reading::{Rules, read};
    use crate::db::links::Side::{Ours, Theirs};
    use crate::sync::fields::Fields;

    fn rules() -> Rules {
        Rules { phone_region: "US".to_owned() }
    }

    /// Ada, with these members beside or instead of her own.
    fn ada(members: &Value) -> Fields {
        let mut contact = json!({"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"});
        contact.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Fields::of(&read::<NewContact>(contact, &rules()).unwrap().profile)
    }

    fn clash(field: &str, ours: Value, theirs: Value) -> Clash {
        let value = |value: Value| (!value.is_null()).then_some(value);
        Clash { field: field.to_owned(), ours: value(ours), theirs: value(theirs) }
    }

    #[test]
    fn what_they_changed_is_taken_and_what_we_changed_stays() {
        let base = ada(&json!({"title": "Miss", "notes": "old", "customFields": {"a": 1, "b": 1}}));
        let ours = ada(&json!({"title": "Countess", "notes": "old", "customFields": {"a": 2, "b": 1}}));
        let theirs = ada(&json!({"title": "Miss", "company": "Engines", "customFields": {"a": 1, "b": 3, "c": true}}));
        let both =
            ada(&json!({"title": "Countess", "company": "Engines", "customFields": {"a": 2, "b": 3, "c": true}}));
        for kept in [Ours, Theirs] {
            let merged = merge(Some(&base), &ours, &theirs, true, kept, |_| false);
            assert_eq!(merged, Merged { fields: both.clone(), conflicts: vec![] });
        }
    }

    #[test]
    fn where_both_changed_a_field_one_is_kept_and_both_are_told() {
        let base = ada(&json!({"title": "Miss", "phone": "+14155552671"}));
        let ours = ada(&json!({"title": "Countess", "phone": "+14155552671"}));
        let theirs = ada(&json!({"title": "Lady", "phone": "+14155552672"}));
        let conflicts = vec![clash("title", json!("Countess"), json!("Lady"))];
        let fields = ada(&json!({"title": "Countess", "phone": "+14155552672"}));
        assert_eq!(
            merge(Some(&base), &ours, &theirs, true, Ours, |_| false),
            Merged { fields, conflicts: conflicts.clone() }
        );
        assert_eq!(merge(Some(&base), &ours, &theirs, true, Theirs, |_| false), Merged { fields: theirs, conflicts });
    }

    #[test]
    fn the_same_change_on_both_sides_is_no_conflict() {
        let base = ada(&json!({"title": "Miss"}));
        let same = ada(&json!({"title": "Countess", "tags": ["x"]}));
        for kept in [Ours, Theirs] {
            let merged = merge(Some(&base), &same, &same, true, kept, |_| false);
            assert_eq!(merged, Merged { fields: same.clone(), conflicts: vec![] });
        }
    }

    #[test]
    fn what_is_taken_away_is_a_change_as_well() {
        let base = ada(&json!({"title": "Miss", "customFields": {"a": 1}, "address": {"city": "London"}}));
        let ours = ada(&json!({"customFields": {"a": 2}, "address": {"city": "London"}}));
        let theirs = ada(&json!({"title": "Miss"}));
        let merged = merge(Some(&base), &ours, &theirs, true, Theirs, |_| false);
        assert_eq!(merged.conflicts, [clash("customFields/a", json!(2), Value::Null)]);
        assert_eq!(merged.fields, ada(&json!({})));
        assert_eq!(
            merge(Some(&base), &ours, &theirs, true, Ours, |_| false).fields,
            ada(&json!({"customFields": {"a": 2}}))
        );
    }

    #[test]
    fn without_changes_of_ours_all_of_theirs_are_taken() {
        let (ours, theirs) = (ada(&json!({"title": "Miss"})), ada(&json!({"title": "Lady"})));
        for base in [None, Some(&ours), Some(&ada(&json!({})))] {
            let merged = merge(base, &ours, &theirs, false, Ours, |_| false);
            assert_eq!(merged, Merged { fields: theirs.clone(), conflicts: vec![] });
        }
    }

    #[test]
    fn without_a_base_everything_that_differs_is_in_conflict() {
        let (ours, theirs) =
            (ada(&json!({"title": "Miss", "notes": "x"})), ada(&json!({"title": "Lady", "notes": "x"})));
        let merged = merge(None, &ours, &theirs, true, Ours, |_| false);
        assert_eq!(merged, Merged { fields: ours, conflicts: vec![clash("title", json!("Miss"), json!("Lady"))] });
    }

    #[test]
    fn fields_make_the_profile_that_they_are_of() {
        let whole = ada(&json!({"customFields": {"a/b": 1, "c": "d"}, "address": {"city": "London"}, "tags": ["x"]}));
        assert_eq!(Fields::of(&whole.clone().into_profile(&rules()).unwrap()), whole);
    }
}
