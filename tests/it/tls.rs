//! TLS: with a certificate the service speaks nothing else, and says that clients should stay with it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use motcua::config::Settings;
use motcua::tls::TlsFiles;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, StreamOwned, SupportedProtocolVersion, version,
};

use crate::harness::{GENEROUS, TestApp, sqlite};

struct Secure {
    app: TestApp,
    certificate: CertificateDer<'static>,
    _folder: tempfile::TempDir,
}

fn secure(plain: &TestApp) -> Secure {
    secure_with(plain, |_| {})
}

fn secure_with(plain: &TestApp, further: impl FnOnce(&mut Settings)) -> Secure {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["motcua.test".to_owned()]).expect("a certificate");
    let files = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).expect("the certificate");
    std::fs::write(&files.key, made.signing_key.serialize_pem()).expect("the key");
    let app = plain.beside(|settings| {
        settings.tls = Some(files);
        further(settings);
    });
    Secure { app, certificate: made.cert.der().clone(), _folder: folder }
}

impl Secure {
    fn port(&self) -> u16 {
        let (_, port) = self.app.base.rsplit_once(':').expect("a port");
        port.parse().expect("a port")
    }

    fn connect(
        &self,
        name: &str,
        version: &'static SupportedProtocolVersion,
    ) -> Result<StreamOwned<ClientConnection, TcpStream>, String> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).map_err(|error| error.to_string())?;
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let builder = builder.with_protocol_versions(&[version]).map_err(|error| error.to_string())?;
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
        let client = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
        let socket = TcpStream::connect(("127.0.0.1", self.port())).map_err(|error| error.to_string())?;
        Ok(StreamOwned::new(client, socket))
    }

    /// Asks over TLS of one version: the answer, and what was agreed on.
    fn ask(
        &self,
        name: &str,
        version: &'static SupportedProtocolVersion,
    ) -> Result<(String, Option<ProtocolVersion>), String> {
        let mut stream = self.connect(name, version)?;
        let request = "GET /healthz HTTP/1.1\r\nHost: motcua.test\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
        let mut answer = Vec::new();
        // A server that closes without a word of farewell has still answered.
        let _ = stream.read_to_end(&mut answer);
        Ok((String::from_utf8_lossy(&answer).into_owned(), stream.conn.protocol_version()))
    }
}

#[test]
fn both_versions_are_spoken_and_clients_told_to_stay() {
    let plain = sqlite();
    let secure = secure(&plain);
    for (version, agreed) in [(&version::TLS13, ProtocolVersion::TLSv1_3), (&version::TLS12, ProtocolVersion::TLSv1_2)]
    {
        let (answer, found) = secure.ask("motcua.test", version).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.to_lowercase().contains("strict-transport-security: max-age=31536000"), "{answer}");
        assert_eq!(found, Some(agreed));
    }
    let refused = secure.ask("other.test", &version::TLS13).expect_err("another name");
    assert!(refused.contains("certificate"), "{refused}");
}

#[test]
fn nothing_is_said_in_plain_text() {
    let plain = sqlite();
    let secure = secure(&plain);
    let mut socket = TcpStream::connect(("127.0.0.1", secure.port())).expect("a connection");
    socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: motcua.test\r\n\r\n").expect("sent");
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/"), "{answer:?}");
}

#[test]
fn slow_clients_are_cut_within_tls() {
    let plain = sqlite();
    let secure = secure_with(&plain, |settings| settings.patience = Duration::from_millis(200));
    // One who does not come to the end of a greeting.
    let mut socket = TcpStream::connect(("127.0.0.1", secure.port())).expect("a connection");
    socket.set_read_timeout(Some(GENEROUS)).expect("a limit");
    socket.write_all(&[0x16, 3, 1]).expect("sent");
    assert!(socket.read(&mut [0]).is_ok_and(|count| count == 0), "still open");
    // One who is answered, and then does not come to the end of a question.
    let mut stream = secure.connect("motcua.test", &version::TLS13).expect("a connection");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: motcua.test\r\n\r\n").expect("sent");
    let mut answer = [0; 4096];
    let count = stream.read(&mut answer).expect("an answer");
    assert!(answer.get(..count).is_some_and(|answer| answer.starts_with(b"HTTP/1.1 200 ")), "{answer:?}");
    let begun = Instant::now();
    while stream.write_all(b"X").and_then(|()| stream.flush()).is_ok() {
        assert!(begun.elapsed() < GENEROUS, "nobody has had enough of it");
        std::thread::sleep(Duration::from_millis(20));
    }
}
