//! A TLS end in front of a server that has none: what RDS and `ElastiCache` show to a function.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How a client begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// With TLS, as at Redis.
    Plain,
    /// With an `SSLRequest` (PostgreSQL's protocol, 54.2.12), which is answered `S`.
    PostgreSql,
}

/// An authority that nobody knows but who is given its bundle.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    ///
    /// When there is no place for its bundle.
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names to be wrong");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).expect("a temporary file");
        Self { issuer: Issuer::new(params, key), folder }
    }

    /// Its bundle.
    pub fn bundle(&self) -> std::path::PathBuf {
        self.folder.path().join(Path::new("ca.pem"))
    }

    /// Puts a TLS end, certified for `localhost`, in front of a server, and gives its port.
    ///
    /// # Panics
    ///
    /// When no port is free.
    pub async fn before(&self, target: String, opening: Opening) -> u16 {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider's own versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("the key is the certificate's");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, acceptor.clone(), target.clone(), opening));
            }
        });
        port
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// A client that breaks off is the client's affair: the test sees what it made of that.
async fn serve(mut client: TcpStream, acceptor: TlsAcceptor, target: String, opening: Opening) -> std::io::Result<()> {
    if opening == Opening::PostgreSql {
        client.read_exact(&mut [0; 8]).await?;
        client.write_all(b"S").await?;
    }
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(target).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
