//! What applies a table of fields. It knows no CRM in particular.
//!
//! A record becomes JSON in our form, which the contact's own readers take apart; so a rule stands once, in `contact`,
//! and here is only where a value comes from. The pointers of the faults they note are led back through the table.

use serde_json::{Map, Value, json};

use super::{Incoming, Record};
use crate::contact::reading::{self, Read, Rules};
use crate::contact::{Contact, ContactPatch, CustomFields, Profile, Status, Tags};
use crate::error::{Error, Fault, Result};

/// One line of the table.
#[derive(Debug)]
pub struct Field {
    theirs: &'static str,
    ours: &'static str,
    way: Way,
    transform: Transform,
}

/// A pair of functions, there and back. `null` never gets to them: it means "absent" in both forms.
#[derive(Debug, Clone, Copy)]
pub struct Transform {
    /// Theirs into ours.
    pub read: fn(&Value) -> Result<Value, Flaw>,
    /// Ours into theirs.
    pub write: fn(&Value) -> Value,
}

/// What is wrong with a value of theirs that has no counterpart in our form.
#[derive(Debug, Clone, Copy)]
pub struct Flaw {
    /// As in [`Fault`].
    pub code: &'static str,
    /// As in [`Fault`].
    pub detail: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Both,
    From,
    Once,
}

/// The value is the same in both forms.
pub const AS_IS: Transform = Transform { read: |theirs| Ok(theirs.clone()), write: Value::clone };

/// A field of the contact: each side takes it from the other.
pub const fn both(theirs: &'static str, ours: &'static str, transform: Transform) -> Field {
    Field { theirs, ours, way: Way::Both, transform }
}

/// A member that only the CRM sets: it says something of the record, nothing of the contact.
pub const fn from(theirs: &'static str, ours: &'static str, transform: Transform) -> Field {
    Field { theirs, ours, way: Way::From, transform }
}

/// A member that we set when we make the record, and never again.
pub const fn once(theirs: &'static str, ours: &'static str, transform: Transform) -> Field {
    Field { theirs, ours, way: Way::Once, transform }
}

/// Reads a whole record.
pub fn to_contact(table: &[Field], record: &Record, rules: &Rules) -> Result<Incoming> {
    read(table, |_| true, record, rules)
}

/// Reads a part of a record.
pub fn to_patch(table: &[Field], part: &Record, rules: &Rules) -> Result<ContactPatch> {
    read(table, |field| field.way == Way::Both, part, rules)
}

/// A record of which nothing is known but its id.
pub fn named(table: &[Field], remote_id: &str) -> Record {
    let id = table.iter().filter(|field| field.ours == "remoteId");
    id.map(|field| (field.theirs.to_owned(), json!(remote_id))).collect()
}

/// The contact in the CRM's form.
pub fn from_contact(table: &[Field], contact: &Contact, base: Option<&Record>, rules: &Rules) -> Record {
    let blank = blank(&contact.profile);
    let ours = contact.to_json();
    let mut record = base.cloned().unwrap_or_default();
    for field in table {
        let value = ours.get(field.ours);
        let written = value.map(field.transform.write);
        let stays = match (field.way, base) {
            (Way::From, _) | (Way::Once, Some(_)) => true,
            (Way::Once | Way::Both, None) => false,
            // To be the same to the letter is the rule, and cheaper to see than to mean the same.
            (Way::Both, Some(base)) => {
                base.get(field.theirs) == written.as_ref()
                    || field.meaning(base, &blank, rules).is_ok_and(|meant| meant.as_ref() == value)
            }
        };
        if stays {
            continue;
        }
        match written {
            Some(written) => drop(record.insert(field.theirs.to_owned(), written)),
            None => drop(record.remove(field.theirs)),
        }
    }
    record
}

impl Field {
    /// The names of a field of the contact, theirs and ours.
    #[cfg(test)]
    pub fn of_contact(&self) -> Option<(&'static str, &'static str)> {
        (self.way == Way::Both).then_some((self.theirs, self.ours))
    }

    fn to_ours(&self, theirs: &Value) -> Result<Value, Flaw> {
        if theirs.is_null() { Ok(Value::Null) } else { (self.transform.read)(theirs) }
    }

    /// What the base says of this field, in our form: read as it would be if it came now.
    fn meaning(&self, base: &Record, blank: &Profile, rules: &Rules) -> Result<Option<Value>> {
        let theirs = base.get(self.theirs).unwrap_or(&Value::Null);
        let part = Map::from_iter([(self.theirs.to_owned(), theirs.clone())]);
        let patch = to_patch(std::slice::from_ref(self), &part, rules)?;
        let profile = patch.apply(blank, rules)?;
        Ok(json!(profile).get(self.ours).cloned())
    }

    /// A pointer below a field of ours as one below theirs, as far down as the record goes: where our form has parts,
    /// theirs may be of one piece.
    fn pointer(&self, below: &str, record: &Record) -> String {
        let there = record.get(self.theirs).is_some_and(|theirs| theirs.pointer(below).is_some());
        format!("/{}{}", self.theirs, if there { below } else { "" })
    }
}

fn read<T: Read>(table: &[Field], takes: impl Fn(&Field) -> bool, record: &Record, rules: &Rules) -> Result<T> {
    let mut ours = Map::new();
    let mut faults = Vec::new();
    for field in table.iter().filter(|field| takes(field)) {
        let Some(theirs) = record.get(field.theirs) else { continue };
        match field.to_ours(theirs) {
            Ok(value) => drop(ours.insert(field.ours.to_owned(), value)),
            Err(Flaw { code, detail }) => {
                faults.push(Fault { pointer: field.pointer("", record), code, detail: detail.to_owned() });
            }
        }
    }
    let noted = match reading::read(Value::Object(ours), rules) {
        Ok(read) if faults.is_empty() => return Ok(read),
        Ok(_) => Vec::new(),
        Err(Error::Invalid(noted)) => noted,
        Err(other) => return Err(other),
    };
    let flawed = faults.len();
    for fault in noted {
        let fault = Fault { pointer: pointer(table, &fault.pointer, record), ..fault };
        // What was flawed is not missing besides, and what is of one piece there has a fault of several parts once.
        let is_flawed = faults[..flawed].iter().any(|flaw| flaw.pointer == fault.pointer);
        if !is_flawed && !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    Err(Error::Invalid(faults))
}

/// A pointer in our form as one in theirs. The whole is the whole in both.
fn pointer(table: &[Field], ours: &str, record: &Record) -> String {
    let name = ours.split('/').nth(1).unwrap_or_default();
    match table.iter().find(|field| field.ours == name) {
        Some(field) => field.pointer(&ours[1 + name.len()..], record),
        None => String::new(),
    }
}

/// A profile with nothing in it but what no contact is without, to see what one field alone means.
fn blank(profile: &Profile) -> Profile {
    Profile {
        first_name: profile.first_name.clone(),
        last_name: profile.last_name.clone(),
        email: profile.email.clone(),
        phone: None,
        company: None,
        title: None,
        address: None,
        notes: None,
        status: Status::default(),
        tags: Tags::default(),
        custom_fields: CustomFields::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A CRM that writes names in capitals, and nothing else.
    const LOUD: Transform = Transform {
        read: |theirs| match theirs.as_str() {
            Some(name) if name == name.to_uppercase() => Ok(Value::from(name.to_lowercase())),
            _ => Err(Flaw { code: "invalid", detail: "must be in capitals" }),
        },
        write: |ours| Value::from(ours.as_str().map(str::to_uppercase)),
    };
    const TABLE: &[Field] =
        &[both("given", "firstName", LOUD), both("family", "lastName", AS_IS), both("mail", "email", AS_IS)];

    #[test]
    fn a_flawed_member_is_not_missing_besides() {
        let rules = Rules { phone_region: "US".into() };
        let Value::Object(record) = json!({"given": "ada", "family": "Lovelace"}) else { unreachable!() };
        let Err(Error::Invalid(faults)) = to_contact(TABLE, &record, &rules) else { panic!("it was taken") };
        let faults: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(faults, [("/given", "invalid"), ("/mail", "required")]);
    }

    #[test]
    fn a_table_without_a_field_leaves_it_alone() {
        let rules = Rules { phone_region: "US".into() };
        let Value::Object(base) = json!({"given": "ADA", "family": "L", "mail": "a@b.de"}) else { unreachable!() };
        let mut profile = to_contact(TABLE, &base, &rules).expect("the record is good").profile;
        let Value::Object(more) = json!({"firstName": "bea", "title": "Dr"}) else { unreachable!() };
        let patch: ContactPatch = reading::read(Value::Object(more), &rules).expect("the patch is good");
        profile = patch.apply(&profile, &rules).expect("it fits");
        let record = from_contact(TABLE, &Contact::create(profile), Some(&base), &rules);
        assert_eq!(json!(record), json!({"given": "BEA", "family": "L", "mail": "a@b.de"}));
    }
}
