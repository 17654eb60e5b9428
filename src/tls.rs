//! TLS with a certificate from files. The files are looked at again when they have changed: a renewed certificate needs
//! no restart, and a broken one does not replace the one that serves.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};

/// How long a certificate serves before its files are looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Where certificate and key stand, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate first, then those that vouch for it.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// TLS 1.2 and 1.3 with the certificate of these files.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub fn config(files: TlsFiles) -> Result<ServerConfig, String> {
    let served = Served::open(files)?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(&[&version::TLS13, &version::TLS12]).map_err(|e| e.to_string())?;
    Ok(builder.with_no_client_auth().with_cert_resolver(Arc::new(served)))
}

/// The certificate that serves now.
#[derive(Debug)]
struct Served {
    files: TlsFiles,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    key: Arc<CertifiedKey>,
    changed: [Option<SystemTime>; 2],
    looked: Instant,
}

impl Served {
    fn open(files: TlsFiles) -> Result<Self, String> {
        let (changed, key) = (files.changed(), files.read()?);
        Ok(Self { files, current: Mutex::new(Current { key, changed, looked: Instant::now() }) })
    }

    fn now(&self, look_again: Duration) -> Arc<CertifiedKey> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked.elapsed() >= look_again {
            current.looked = Instant::now();
            let changed = self.files.changed();
            if changed != current.changed {
                match self.files.read() {
                    Ok(key) => {
                        tracing::info!("a renewed certificate serves");
                        (current.key, current.changed) = (key, changed);
                    }
                    // Half written, perhaps: looked at again.
                    Err(error) => tracing::warn!(%error, "the certificate that served before goes on serving"),
                }
            }
        }
        Arc::clone(&current.key)
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now(LOOK_AGAIN))
    }
}

impl TlsFiles {
    fn changed(&self) -> [Option<SystemTime>; 2] {
        let of = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
        [of(&self.certificate), of(&self.key)]
    }

    fn read(&self) -> Result<Arc<CertifiedKey>, String> {
        let named = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let chain = CertificateDer::pem_file_iter(&self.certificate).map_err(|e| named(&self.certificate, &e))?;
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|e| named(&self.certificate, &e))?;
        if chain.is_empty() {
            return Err(named(&self.certificate, &"holds no certificate"));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|e| named(&self.key, &e))?;
        let pair = CertifiedKey::from_der(chain, key, &ring::default_provider());
        pair.map(Arc::new).map_err(|e| named(&self.key, &format!("does not go with the certificate: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path, names: &str) -> (TlsFiles, Vec<u8>) {
        let made = rcgen::generate_simple_self_signed([names.to_owned()]).unwrap();
        let files = TlsFiles { certificate: folder.join("c.pem"), key: folder.join("k.pem") };
        fs::write(&files.certificate, made.cert.pem()).unwrap();
        fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        (files, made.cert.der().to_vec())
    }

    #[test]
    fn a_renewed_certificate_serves_and_a_broken_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (files, first) = written(folder.path(), "a.example");
        let served = Served::open(files.clone()).unwrap();
        let shown = || served.now(Duration::ZERO).cert[0].to_vec();
        assert_eq!(shown(), first);
        let later = fs::metadata(&files.certificate).unwrap().modified().unwrap() + Duration::from_secs(60);
        let touch = |path: &Path, at| fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
        fs::write(&files.certificate, "half written").unwrap();
        touch(&files.certificate, later);
        assert_eq!(shown(), first);
        let (_, second) = written(folder.path(), "b.example");
        touch(&files.certificate, later + Duration::from_secs(60));
        assert_eq!(shown(), second);
    }

    #[test]
    fn files_that_do_not_serve_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let (files, _) = written(folder.path(), "a.example");
        let wrong = |files: &TlsFiles| Served::open(files.clone()).unwrap_err();
        assert!(wrong(&TlsFiles { certificate: files.key.clone(), ..files.clone() }).contains("holds no certificate"));
        let error = wrong(&TlsFiles { key: folder.path().join("none.pem"), ..files.clone() });
        assert!(error.contains("none.pem"), "{error}");
        fs::write(&files.key, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert!(wrong(&files).contains("does not go with the certificate"), "{}", wrong(&files));
    }
}
