//! A way to a store that writes down what goes over it.

use std::net::SocketAddr;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::postgresql::{Message, Reader};
use super::{Store, Tape, resp};

/// A proxy on a port of its own. It ends when dropped.
pub struct Recorder {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Recorder {
    /// Begins to record on the tape what is sent to the store at this `host:port`.
    ///
    /// # Panics
    ///
    /// When no port is free.
    pub async fn before(store: Store, target: String, tape: &Tape) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let tape = tape.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(store, client, target.clone(), tape.clone()));
            }
        });
        Self { address, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(store: Store, client: TcpStream, target: String, tape: Tape) {
    let server = TcpStream::connect(target).await.expect("the store is there");
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut sent, mut reader) = (BytesMut::new(), Reader::default());
    let questions = copy(&mut from_client, &mut to_server, |bytes| {
        sent.extend_from_slice(bytes);
        match store {
            Store::Redis => {
                while let Some(command) = resp::command(&mut sent) {
                    tape.ask_redis(command);
                }
            }
            Store::PostgreSql => {
                while let Some(message) = reader.message(&mut sent) {
                    if let Message::Asks(query) = message {
                        tape.ask_postgresql(query);
                    }
                }
            }
        }
    });
    let answers = copy(&mut from_server, &mut to_client, |_| tape.answer(store));
    tokio::join!(questions, answers);
}

/// Until one side has ended.
async fn copy(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), mut see: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        see(&buffer[..read]);
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
