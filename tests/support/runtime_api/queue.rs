//! Invocations that wait for a process to ask for them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::error::FunctionError;

pub(super) type Answer = Result<Bytes, FunctionError>;

/// One invocation, on its way to a process.
pub(super) struct Invocation {
    pub(super) id: Uuid,
    pub(super) payload: Bytes,
    /// Told when a process has taken it, which is when its time begins to run. What is sent kills that process.
    pub(super) taken: oneshot::Sender<Arc<Notify>>,
    pub(super) answer: oneshot::Sender<Answer>,
}

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<VecDeque<Invocation>>,
    arrived: Notify,
}

impl Queue {
    pub(super) fn push(&self, invocation: Invocation) {
        self.waiting().push_back(invocation);
        self.arrived.notify_one();
    }

    /// Waits for an invocation. May be dropped at any time: nothing is lost then.
    pub(super) async fn take(&self) -> Invocation {
        loop {
            if let Some(invocation) = self.pop() {
                return invocation;
            }
            self.arrived.notified().await;
        }
    }

    fn pop(&self) -> Option<Invocation> {
        let mut waiting = self.waiting();
        let invocation = waiting.pop_front();
        // Several notices that nobody was waiting for fall together into one; pass it on while there is work.
        if !waiting.is_empty() {
            self.arrived.notify_one();
        }
        invocation
    }

    /// Fails all that wait, since no process is left to ask for them.
    pub(super) fn fail_all(&self, error: &FunctionError) {
        for invocation in self.waiting().drain(..) {
            let _ = invocation.answer.send(Err(error.clone()));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Invocation>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
