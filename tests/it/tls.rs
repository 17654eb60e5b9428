//! TLS: with a certificate the service speaks nothing else, and says that clients should stay with it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use motcua::config::Settings;
use motcua::tls::TlsFiles;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, StreamOwned, SupportedProtocolVersion, version,
};

use tempfile::TempDir;

use crate::harness::child::Process;
use crate::harness::{GENEROUS, TestApp, sqlite, sqlite_world};

struct Secure {
    app: TestApp,
    certificate: CertificateDer<'static>,
    folder: TempDir,
}

/// Writes a certificate and its key, as whoever renews them does.
fn written(folder: &Path) -> (TlsFiles, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["motcua.test".to_owned()]).expect("a certificate");
    let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).expect("the certificate");
    std::fs::write(&files.key, made.signing_key.serialize_pem()).expect("the key");
    (files, made.cert.der().clone())
}

fn secure(plain: &TestApp) -> Secure {
    secure_with(plain, |_| {})
}

fn secure_with(plain: &TestApp, further: impl FnOnce(&mut Settings)) -> Secure {
    let folder = tempfile::tempdir().expect("a folder");
    let (files, certificate) = written(folder.path());
    let app = plain.beside(|settings| {
        settings.tls = Some(files);
        further(settings);
    });
    Secure { app, certificate, folder }
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

#[test]
fn a_renewed_certificate_serves_without_a_restart() {
    let plain = sqlite();
    let mut secure = secure(&plain);
    let (_, renewed) = written(secure.folder.path());
    let refused = secure.ask("motcua.test", &version::TLS13).expect_err("the former one");
    assert!(refused.contains("certificate"), "{refused}");
    secure.certificate = renewed;
    let (answer, _) = secure.ask("motcua.test", &version::TLS13).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn files_that_do_not_serve_stop_the_start() {
    let world = sqlite_world();
    let folder = world.directory();
    let (files, _) = written(folder);
    let other = folder.join("other");
    std::fs::create_dir(&other).expect("a folder");
    let (others, _) = written(&other);
    let none = folder.join("none.pem");
    for (certificate, key, named, words) in [
        (&none, &files.key, "none.pem", ""),
        (&files.certificate, &none, "none.pem", ""),
        (&files.key, &files.key, "key.pem", "holds no certificate"),
        (&files.certificate, &files.certificate, "cert.pem", ""),
        (&files.certificate, &others.key, "key.pem", "does not go with the certificate"),
    ] {
        let [certificate, key] = [certificate, key].map(|path| path.to_str().expect("a path"));
        let said = Process::refused(&world, &[("MOTCUA_TLS_CERT_FILE", certificate), ("MOTCUA_TLS_KEY_FILE", key)]);
        assert!(said.contains("TLS: ") && said.contains(named) && said.contains(words), "{said}");
        assert!(!said.contains("PRIVATE KEY"), "{said}");
    }
}
