//! A TCP proxy that stands between a client and a server and can break the way between them, and counts how often the
//! client waits for the server.

mod relay;

use std::env;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpSocket, lookup_host};
use tokio::sync::{Mutex, watch};
use url::Url;

use crate::wait::eventually;
use relay::{Accept, End, Flow, Port, Relay};

/// How long a proxy with a fixed address waits for the test that has that address now.
const ADDRESS_DEADLINE: Duration = Duration::from_mins(2);

/// How long answers are held back while trips are counted. What a client sends together may come in several pieces,
/// some milliseconds apart on a busy machine; held answers prove that the client did not wait for them in between.
const HOLD: Duration = Duration::from_millis(20);

/// A proxy on 127.0.0.1. It passes everything until told otherwise, and ends when dropped.
pub struct Proxy {
    address: SocketAddr,
    target: SocketAddr,
    flow: watch::Sender<Flow>,
    trips: Arc<AtomicUsize>,
    /// None while connections are refused.
    relay: Mutex<Option<Relay>>,
    /// Bound and never listening: keeps the port ours while connections are refused.
    _port: TcpSocket,
    /// A port that is bound and not listening could be bound again, by another proxy too.
    lock: Option<Arc<File>>,
}

impl Proxy {
    /// A proxy on a free port, to `host:port`.
    ///
    /// # Panics
    ///
    /// When the target's name is unknown or no port is free.
    pub async fn to(target: &str) -> Self {
        Self::bind(resolve("127.0.0.1:0").await, target, None).await
    }

    /// A proxy on a certain address, for a server that tells its clients where to connect. While another test has the
    /// address, in this process or in another, this waits.
    ///
    /// # Panics
    ///
    /// When a name is unknown, the other test doesn't come to its end, or something else has the address.
    pub async fn on(address: &str, target: &str) -> Self {
        let address = resolve(address).await;
        let lock = lock(address).await;
        Self::bind(address, target, Some(Arc::new(lock))).await
    }

    /// A proxy before the server of a URL, and that URL with the proxy's address in the server's place.
    ///
    /// # Panics
    ///
    /// When the URL names no host and port.
    pub async fn before(url: &str) -> (Self, String) {
        let mut url = Url::parse(url).unwrap_or_else(|error| panic!("{url} is not a URL: {error}"));
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            panic!("{url} needs a host and a port");
        };
        let proxy = Self::to(&format!("{host}:{port}")).await;
        url.set_ip_host(proxy.address.ip()).expect("a URL with a host can have another");
        url.set_port(Some(proxy.address.port())).expect("a URL with a port can have another");
        (proxy, url.into())
    }

    /// Where the proxy listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes everything at once: the ordinary state.
    ///
    /// # Panics
    ///
    /// When the port, given up to refuse connections, can't be had again.
    pub async fn pass(&self) {
        self.resume(Flow::Pass).await;
    }

    /// Holds each answer back for so long. Each round trip takes that much longer.
    ///
    /// # Panics
    ///
    /// As [`Proxy::pass`].
    pub async fn delay(&self, answers: Duration) {
        self.resume(Flow::Delay(answers)).await;
    }

    /// Accepts connections and keeps those there are, and lets nothing through: a server that hangs.
    ///
    /// # Panics
    ///
    /// As [`Proxy::pass`].
    pub async fn stall(&self) {
        self.resume(Flow::Stall).await;
    }

    /// Closes all connections and refuses new ones: a server that is down. Both is done when this returns.
    pub async fn cut(&self) {
        Self::stop(self.relay.lock().await.take(), End::Close).await;
    }

    /// Resets all connections, and each new one once it is accepted: a server that crashes again and again.
    ///
    /// # Panics
    ///
    /// As [`Proxy::pass`].
    pub async fn reset(&self) {
        let mut relay = self.relay.lock().await;
        Self::stop(relay.take(), End::Reset).await;
        *relay = Some(self.start(Accept::Reset));
    }

    /// Resets the connections there are, and passes new ones: a server that crashed and is back.
    ///
    /// # Panics
    ///
    /// As [`Proxy::pass`].
    pub async fn reset_once(&self) {
        Self::stop(self.relay.lock().await.take(), End::Reset).await;
        self.pass().await;
    }

    /// How many round trips the work took: how often a client of this proxy waited for an answer.
    ///
    /// A trip is what a client sends up to the next answer it receives, however many messages it is. Connections count
    /// separately, and so does setting one up: warm up first. What is sent without an answer (a goodbye) is no trip.
    /// Answers are held back for 20 ms meanwhile, without which a pipeline that leaves the client in two
    /// pieces could count as two.
    ///
    /// # Panics
    ///
    /// As [`Proxy::pass`].
    pub async fn count<T>(&self, work: impl Future<Output = T>) -> (T, usize) {
        self.delay(HOLD).await;
        self.trips.store(0, Ordering::SeqCst);
        let result = work.await;
        let trips = self.trips();
        self.pass().await;
        (result, trips)
    }

    /// Round trips since the proxy began or [`Proxy::count`] was last called.
    pub fn trips(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }

    async fn bind(address: SocketAddr, target: &str, lock: Option<Arc<File>>) -> Self {
        let port = bind(address).unwrap_or_else(|error| panic!("the proxy can't have {address}: {error}"));
        let address = port.local_addr().expect("a bound socket has an address");
        let proxy = Self {
            address,
            target: resolve(target).await,
            flow: watch::Sender::new(Flow::Pass),
            trips: Arc::default(),
            relay: Mutex::default(),
            _port: port,
            lock,
        };
        proxy.pass().await;
        proxy
    }

    async fn resume(&self, flow: Flow) {
        self.flow.send_replace(flow);
        let mut relay = self.relay.lock().await;
        if relay.as_ref().is_none_or(|relay| relay.accept == Accept::Reset) {
            Self::stop(relay.take(), End::Close).await;
            *relay = Some(self.start(Accept::Relay));
        }
    }

    async fn stop(relay: Option<Relay>, end: End) {
        if let Some(relay) = relay {
            relay.stop(end).await;
        }
    }

    fn start(&self, accept: Accept) -> Relay {
        let listener = bind(self.address)
            .and_then(|socket| socket.listen(1024))
            .unwrap_or_else(|error| panic!("the proxy can't listen on {} again: {error}", self.address));
        let port = Port { listener, _lock: self.lock.clone() };
        Relay::start(port, accept, self.target, self.flow.subscribe(), Arc::clone(&self.trips))
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn resolve(address: &str) -> SocketAddr {
    let found = lookup_host(address).await.unwrap_or_else(|error| panic!("{address} has no address: {error}"));
    let mut found = found.filter(SocketAddr::is_ipv4);
    found.next().unwrap_or_else(|| panic!("{address} has no IPv4 address"))
}

/// Holds the address against the proxies of all processes, until the file is closed.
async fn lock(address: SocketAddr) -> File {
    let path = env::current_exe().expect("the running executable has a path").with_file_name(format!("{address}.lock"));
    let file = File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    eventually(&format!("the proxy on {address} of another test to end"), ADDRESS_DEADLINE, || async {
        file.try_lock()
    })
    .await;
    file
}
