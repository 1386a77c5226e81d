//! The certificate that STARTTLS shows.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// TLS 1.2 and 1.3 (facts sheet: MailerSend takes nothing older) with the certificates and the key of two PEM texts.
pub(crate) fn server_config(certificates: &[u8], key: &[u8]) -> io::Result<Arc<ServerConfig>> {
    let invalid = |what: &str, cause: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("the {what} for STARTTLS cannot be used: {cause}"))
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificates)
        .collect::<Result<_, _>>()
        .map_err(|e| invalid("certificate", &e))?;
    if chain.is_empty() {
        return Err(invalid("certificate", &"there is none in the PEM"));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| invalid("key", &e))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| invalid("certificate", &e))?;
    Ok(Arc::new(config))
}
