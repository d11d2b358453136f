//! Contacts to work with, named after people who are long in the history books.

use serde_json::{Value, json};

/// A contact with every member.
pub fn ada() -> Value {
    json!({
        "firstName": "Ada",
        "lastName": "Lovelace",
        "email": "ada@example.com",
        "phone": "+14155552671",
        "company": "Analytical Engines",
        "title": "Countess",
        "address": {"street": "12 St James's Square", "city": "London", "country": "GB"},
        "notes": "Wrote the first program.\nFor a machine that was never built.",
        "status": "active",
        "tags": ["mathematics", "poetry"],
        "customFields": {"born": 1815, "knows": "Charles", "published": true},
    })
}

/// A contact with what is required and nothing else.
pub fn grace() -> Value {
    person("Grace", "Hopper")
}

/// Another.
pub fn charles() -> Value {
    person("Charles", "Babbage")
}

/// A contact of this name.
pub fn person(first: &str, last: &str) -> Value {
    let email = format!("{}@example.com", first.to_lowercase());
    json!({"firstName": first, "lastName": last, "email": email})
}
