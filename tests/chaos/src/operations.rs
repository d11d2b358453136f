//! What clients ask for, and what they may be answered.

use serde_json::Value;

/// An operation of the API that is asked for under load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The function that answers it.
    pub function: &'static str,
    method: &'static str,
    path: &'static str,
    /// What it may answer to those who ask for what makes sense. Beside these there is 503, while PostgreSQL is away.
    pub answers: &'static [u16],
}

/// A request with the same key may still be under way: 409.
pub const CREATE: Operation = Operation::new("create-contact", "post", "/contacts", &[201, 409]);
pub const UPSERT: Operation = Operation::new("upsert-contacts", "post", "/contacts/batch", &[207, 409]);
/// Where it is not known what became of an earlier request, there may be another version, or none: 412, 410.
pub const REPLACE: Operation = Operation::new("replace-contact", "put", "/contacts/{id}", &[200, 410, 412]);
pub const UPDATE: Operation = Operation::new("update-contact", "patch", "/contacts/{id}", &[200, 410, 412]);
pub const DELETE: Operation = Operation::new("delete-contact", "delete", "/contacts/{id}", &[204, 410, 412]);
pub const RESTORE: Operation = Operation::new("restore-contact", "post", "/contacts/{id}/restore", &[200]);
/// A revoked token: 401.
pub const GET: Operation = Operation::new("get-contact", "get", "/contacts/{id}", &[200, 410, 401]);
pub const PUT_REMOTE: Operation =
    Operation::new("put-remote-contact", "put", "/connections/{connection}/contacts/{remoteId}", &[200, 201]);

pub const ALL: [Operation; 8] = [CREATE, UPSERT, REPLACE, UPDATE, DELETE, RESTORE, GET, PUT_REMOTE];

impl Operation {
    const fn new(function: &'static str, method: &'static str, path: &'static str, answers: &'static [u16]) -> Self {
        Self { function, method, path, answers }
    }

    /// Makes sure that the description of the API knows all of its answers.
    pub fn assert_described(self, document: &Value) {
        let described = &document["paths"][self.path][self.method]["responses"];
        for status in self.answers.iter().chain(&[503]) {
            assert!(described[status.to_string()].is_object(), "{self:?} is not said to answer {status}");
        }
    }
}
