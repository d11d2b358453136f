//! The processes of one function: how many run, and what happens when one ends.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Weak};

use tokio::sync::watch;

use super::binary;
use super::error::{FunctionError, StartError};
use super::launch::{Launch, Restart};
use super::log::Log;
use super::process::Process;
use super::queue::{Invocation, Queue};

pub(super) struct Instances {
    pub(super) launch: Launch,
    pub(super) log: Log,
    pub(super) binary: PathBuf,
    queue: Arc<Queue>,
    state: watch::Sender<State>,
}

#[derive(Default)]
struct State {
    running: Vec<Arc<Process>>,
    starting: usize,
}

impl State {
    fn is_dead(&self) -> bool {
        self.running.is_empty() && self.starting == 0
    }
}

impl Instances {
    pub(super) fn new(launch: Launch) -> Arc<Self> {
        Arc::new(Self {
            log: Log::default(),
            binary: binary::find(&launch.binary),
            queue: Arc::default(),
            state: watch::Sender::default(),
            launch,
        })
    }

    pub(super) fn running(&self) -> Vec<Arc<Process>> {
        self.state.borrow().running.clone()
    }

    /// Starts processes until there are as many as there should be, counting those that restart of themselves.
    pub(super) async fn fill(self: &Arc<Self>) -> Result<(), StartError> {
        loop {
            let settled = |state: &State| state.starting == 0;
            let running = self.state.subscribe().wait_for(settled).await.map_or(0, |state| state.running.len());
            if running >= self.launch.instances {
                return Ok(());
            }
            self.state.send_modify(|state| state.starting += 1);
            let process = self.start().await?;
            tokio::spawn(look_after(Arc::downgrade(self), process));
        }
    }

    /// Puts the invocation into the queue, or fails it when no process will ever take it.
    pub(super) fn hand_over(&self, invocation: Invocation) {
        // Under the lock, so that the last process can't end between the look and the push.
        let state = self.state.borrow();
        if state.is_dead() {
            let _ = invocation.answer.send(Err(FunctionError::exited(None)));
        } else {
            self.queue.push(invocation);
        }
    }

    /// Waits until these processes have ended and are off the list.
    pub(super) async fn ended(&self, processes: Vec<Arc<Process>>) -> Vec<ExitStatus> {
        let listed =
            |state: &State| state.running.iter().any(|it| processes.iter().any(|process| Arc::ptr_eq(it, process)));
        // An error would mean that the sender is gone, and that is ours.
        let _ = self.state.subscribe().wait_for(|state| !listed(state)).await;
        processes.iter().filter_map(|process| *process.exit().borrow()).collect()
    }

    /// Starts one process that was counted as starting.
    async fn start(&self) -> Result<Arc<Process>, StartError> {
        let started = Process::start(&self.launch, &self.binary, &self.queue, &self.log).await.map(Arc::new);
        self.state.send_modify(|state| {
            state.starting -= 1;
            state.running.extend(started.iter().cloned());
            if state.is_dead() {
                self.queue.fail_all(&FunctionError::exited(None));
            }
        });
        started
    }

    /// Takes a process that ended off the list, and counts its successor as starting if there is to be one.
    fn remove(&self, process: &Arc<Process>) {
        self.state.send_modify(|state| {
            state.running.retain(|running| !Arc::ptr_eq(running, process));
            if self.launch.restart == Restart::OnExit {
                state.starting += 1;
            }
            if state.is_dead() {
                self.queue.fail_all(&FunctionError::exited(*process.exit().borrow()));
            }
        });
    }
}

/// Waits for the end of a process, then of its successor, and so on.
///
/// It holds neither the function nor the process while it waits, so that both end with the test's last handle.
async fn look_after(instances: Weak<Instances>, first: Arc<Process>) {
    let mut process = Arc::downgrade(&first);
    let mut exit = first.exit();
    drop(first);
    loop {
        if exit.wait_for(Option::is_some).await.is_err() {
            return;
        }
        let (Some(instances), Some(ended)) = (instances.upgrade(), process.upgrade()) else {
            return;
        };
        instances.remove(&ended);
        if instances.launch.restart == Restart::Never {
            return;
        }
        match instances.start().await {
            Ok(successor) => {
                process = Arc::downgrade(&successor);
                exit = successor.exit();
            }
            Err(error) => {
                eprintln!("{error}");
                return;
            }
        }
    }
}
