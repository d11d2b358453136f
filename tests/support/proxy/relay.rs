//! The proxy's work: accepting, passing bytes both ways, and noticing when the client waits.

use std::fs::File;
use std::future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

const BUFFER: usize = 64 * 1024;

/// What happens to bytes on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Pass,
    Delay(Duration),
    Stall,
}

/// What happens to a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accept {
    Relay,
    Reset,
}

/// How connections end when the proxy stops passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Close,
    Reset,
}

/// A listener and all its connections.
pub(super) struct Relay {
    pub(super) accept: Accept,
    end: watch::Sender<Option<End>>,
    task: JoinHandle<()>,
}

/// A listener, and what keeps others from its address. An aborted task goes a while after it was aborted, and the next proxy
/// must not be told before that the address is free.
pub(super) struct Port {
    pub(super) listener: TcpListener,
    pub(super) _lock: Option<Arc<File>>,
}

/// What each connection of a relay shares.
#[derive(Clone)]
struct Shared {
    target: SocketAddr,
    flow: watch::Receiver<Flow>,
    end: watch::Receiver<Option<End>>,
    trips: Arc<AtomicUsize>,
}

impl Relay {
    pub(super) fn start(
        port: Port,
        accept: Accept,
        target: SocketAddr,
        flow: watch::Receiver<Flow>,
        trips: Arc<AtomicUsize>,
    ) -> Self {
        let (end, ended) = watch::channel(None);
        let shared = Shared { target, flow, end: ended, trips };
        Self { accept, end, task: tokio::spawn(serve(port, accept, shared)) }
    }

    /// Ends every connection this way and returns when none is left and the listener is closed.
    pub(super) async fn stop(mut self, how: End) {
        self.end.send_replace(Some(how));
        // An error would be the task's own panic, whose message is on stderr.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Relay {
    /// The task owns the connections' tasks, which end with it.
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(port: Port, accept: Accept, shared: Shared) {
    let mut connections = JoinSet::new();
    let mut end = shared.end.clone();
    loop {
        tokio::select! {
            _ = end.wait_for(Option::is_some) => break,
            // A client may be gone before it is accepted.
            Ok((client, _)) = port.listener.accept() => match accept {
                Accept::Reset => {
                    let _ = client.set_zero_linger();
                }
                Accept::Relay => {
                    connections.spawn(connect(client, shared.clone()));
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(port);
    while connections.join_next().await.is_some() {}
}

/// Passes bytes until one side closes or the relay ends. A server that can't be reached closes the client's connection.
async fn connect(mut client: TcpStream, mut shared: Shared) {
    let Ok(mut server) = TcpStream::connect(shared.target).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let mut end = shared.end.clone();
    let end = tokio::select! {
        () = pass(&mut client, &mut server, &mut shared) => End::Close,
        end = end.wait_for(Option::is_some) => end.map_or(End::Close, |end| end.unwrap_or(End::Close)),
    };
    if end == End::Reset {
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

async fn pass(client: &mut TcpStream, server: &mut TcpStream, shared: &mut Shared) {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    // Whether the client has sent something that no answer has followed yet.
    let asked = AtomicBool::new(false);
    let (flow, trips) = (&shared.flow, &shared.trips);
    tokio::select! {
        _ = questions(from_client, to_server, flow.clone(), &asked) => {}
        _ = answers(from_server, to_client, flow.clone(), &asked, trips) => {}
    }
}

async fn questions(
    mut client: ReadHalf<'_>,
    mut server: WriteHalf<'_>,
    mut flow: watch::Receiver<Flow>,
    asked: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = client.read(&mut buffer).await?;
        unless_stalled(&mut flow).await;
        if length == 0 {
            // The client says no more, and may still be listening: the server's end decides.
            server.shutdown().await?;
            return future::pending().await;
        }
        asked.store(true, Ordering::SeqCst);
        server.write_all(&buffer[..length]).await?;
    }
}

async fn answers(
    mut server: ReadHalf<'_>,
    mut client: WriteHalf<'_>,
    mut flow: watch::Receiver<Flow>,
    asked: &AtomicBool,
    trips: &AtomicUsize,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = server.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let held = *flow.borrow();
        if let (Flow::Delay(time), true) = (held, asked.load(Ordering::SeqCst)) {
            sleep(time).await;
        }
        unless_stalled(&mut flow).await;
        // All that was sent until now was sent without this answer, so it is one trip.
        if asked.swap(false, Ordering::SeqCst) {
            trips.fetch_add(1, Ordering::SeqCst);
        }
        client.write_all(&buffer[..length]).await?;
    }
}

async fn unless_stalled(flow: &mut watch::Receiver<Flow>) {
    // An error means that the proxy is gone, and with it soon this connection.
    let _ = flow.wait_for(|flow| *flow != Flow::Stall).await;
}
