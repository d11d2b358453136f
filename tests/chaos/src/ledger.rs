//! What was asked for, and what was answered.

use std::cell::RefCell;

/// What came of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// It was done, and made this version of this contact.
    Accepted {
        /// The contact.
        id: String,
        /// Its version.
        version: i64,
    },
    /// It was not done.
    Refused,
    /// Nobody said. It may have been done, and once.
    Unknown,
}

/// A write, known by the mark it leaves in the contact's notes.
#[derive(Debug, Clone)]
pub struct Write {
    /// The mark.
    pub mark: String,
    /// What came of it.
    pub came: Came,
}

/// A deletion or a restoring, which leave no mark.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The contact.
    pub id: String,
    /// `deleted` or `restored`.
    pub kind: &'static str,
    /// Whether it was accepted, or is unknown.
    pub accepted: bool,
}

/// All of it. The writers take turns in one task, so that nothing is locked.
#[derive(Debug, Default)]
pub struct Ledger {
    writes: RefCell<Vec<Write>>,
    turns: RefCell<Vec<Turn>>,
    seen: RefCell<Vec<(String, i64)>>,
    titles: RefCell<Vec<String>>,
}

impl Ledger {
    /// Notes a write.
    pub fn wrote(&self, mark: &str, came: Came) {
        self.writes.borrow_mut().push(Write { mark: mark.to_owned(), came });
    }

    /// Notes a deletion or a restoring.
    pub fn turned(&self, id: &str, kind: &'static str, accepted: bool) {
        self.turns.borrow_mut().push(Turn { id: id.to_owned(), kind, accepted });
    }

    /// Notes a version that a client was shown.
    pub fn saw(&self, id: &str, version: i64) {
        self.seen.borrow_mut().push((id.to_owned(), version));
    }

    /// Notes a title that somebody has typed into the CRM.
    pub fn typed(&self, title: &str) {
        self.titles.borrow_mut().push(title.to_owned());
    }

    /// All writes so far.
    pub fn writes(&self) -> Vec<Write> {
        self.writes.borrow().clone()
    }

    /// All deletions and restorings so far.
    pub fn turns(&self) -> Vec<Turn> {
        self.turns.borrow().clone()
    }

    /// All versions that were shown so far.
    pub fn seen(&self) -> Vec<(String, i64)> {
        self.seen.borrow().clone()
    }

    /// All titles so far.
    pub fn titles(&self) -> Vec<String> {
        self.titles.borrow().clone()
    }

    /// How many writes were accepted, and of how many nobody knows.
    pub fn counts(&self) -> (usize, usize) {
        let writes = self.writes.borrow();
        let count = |wanted: fn(&Came) -> bool| writes.iter().filter(|write| wanted(&write.came)).count();
        (count(|came| matches!(came, Came::Accepted { .. })), count(|came| *came == Came::Unknown))
    }
}

/// A mark that no other write has.
pub fn mark(writer: &str, rng: &mut fastrand::Rng) -> String {
    format!("{writer}-{:016x}", rng.u64(..))
}
