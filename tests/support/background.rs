//! A runtime that outlives each test's own.
//!
//! Every test has its own runtime, and what was spawned there ends with the test. Connections that a whole process
//! shares, and cleaning up after a test that panicked, need one that stays.

use std::future::Future;
use std::sync::{LazyLock, mpsc};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("support")
        .enable_all()
        .build()
        .expect("a runtime needs a thread and an epoll handle; the machine is out of one of them")
});

/// Runs the future to its end, whatever becomes of the caller.
pub fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    RUNTIME.spawn(future)
}

/// Blocks until the future is done. Made for `Drop`, which can't await.
///
/// Gives `None` when the future panicked; its message is on stderr by then.
pub fn block_on<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let (done, wait) = mpsc::channel();
    RUNTIME.spawn(async move {
        let _ = done.send(future.await);
    });
    wait.recv().ok()
}
