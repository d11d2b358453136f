//! Lua scripts, each with a single key, so that they run on a cluster as they run on one server.

use redis::{Cmd, Script as Hashed};

/// How scripts are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `EVALSHA`: forty bytes, if the server knows the script.
    ByHash,
    /// `EVAL`: the whole text, after which the server knows it.
    WithText,
}

/// A script and its hash.
#[derive(Debug)]
pub struct Script {
    text: &'static str,
    hashed: Hashed,
}

impl Script {
    /// A script of this text.
    pub fn new(text: &'static str) -> Self {
        Self { text, hashed: Hashed::new(text) }
    }

    /// The command that runs it on a key; its arguments are added by the caller.
    pub fn on(&self, call: Call, key: &str) -> Cmd {
        let mut command = match call {
            Call::ByHash => redis::cmd("EVALSHA"),
            Call::WithText => redis::cmd("EVAL"),
        };
        match call {
            Call::ByHash => command.arg(self.hashed.get_hash()),
            Call::WithText => command.arg(self.text),
        };
        command.arg(1).arg(key);
        command
    }
}
