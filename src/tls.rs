//! TLS with a certificate from files; a renewed one serves without a restart.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};

use crate::http::reread::Reread;

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
struct Served(Reread<CertifiedKey>);

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}

impl Served {
    fn open(files: TlsFiles) -> Result<Self, String> {
        let paths = vec![files.certificate.clone(), files.key.clone()];
        Reread::open(paths, move || files.read()).map(Self)
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.now())
    }
}

impl TlsFiles {
    fn read(&self) -> Result<CertifiedKey, String> {
        let named = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let chain = CertificateDer::pem_file_iter(&self.certificate).map_err(|e| named(&self.certificate, &e))?;
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|e| named(&self.certificate, &e))?;
        if chain.is_empty() {
            return Err(named(&self.certificate, &"holds no certificate"));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|e| named(&self.key, &e))?;
        let pair = CertifiedKey::from_der(chain, key, &ring::default_provider());
        pair.map_err(|e| named(&self.key, &format!("does not go with the certificate: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

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
        let shown = || served.0.now().cert[0].to_vec();
        assert_eq!(shown(), first);
        let later = fs::metadata(&files.certificate).unwrap().modified().unwrap() + Duration::from_secs(60);
        let touch = |path: &Path, at| fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
        fs::write(&files.certificate, "half written").unwrap();
        touch(&files.certificate, later);
        assert_eq!(shown(), first);
        fs::remove_file(&files.certificate).unwrap();
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
