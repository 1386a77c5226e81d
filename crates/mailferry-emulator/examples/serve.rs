//! Serves the emulator at 127.0.0.1:2580, or at the address given, until it is interrupted. Any token will do.

use std::io;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:2580".to_owned());
    let address = address.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let _emulator = mailferry_emulator::Emulator::builder().listen(address).any_token().start().await?;
    std::future::pending().await
}
