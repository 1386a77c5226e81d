//! Serves the emulator at 127.0.0.1:2580 for half a minute.

use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let emulator =
        mailferry_emulator::Emulator::builder().listen(([127, 0, 0, 1], 2580).into()).any_token().start().await?;
    tokio::time::sleep(Duration::from_secs(30)).await;
    emulator.shutdown().await;
    Ok(())
}
