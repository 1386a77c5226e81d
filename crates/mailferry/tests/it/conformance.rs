//! Every transport of ours keeps the promises of `Transport`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use mailferry::console::ConsoleTransport;
use mailferry::file::FileTransport;
use mailferry::memory::MemoryTransport;
use mailferry::transport::{ErrorKind, Retry, SendStatus, Sending};
use mailferry::{Attachment, Clock, Mailer, MailerSend, Message, Transport, conformance};
use mailferry_emulator::Emulator;

/// A folder of its own for each test, taken away at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mailferry-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[tokio::test]
async fn memory_console_and_a_mailer_around_them() {
    conformance::run(&MemoryTransport::new()).await.unwrap();
    conformance::run(&ConsoleTransport::to(std::io::sink())).await.unwrap();
    conformance::run(&Mailer::builder(MemoryTransport::new()).build()).await.unwrap();
}

#[tokio::test]
async fn files() {
    let folder = Folder::new("conformance");
    conformance::run(&FileTransport::new(&folder.0).unwrap()).await.unwrap();
    assert!(folder.files().iter().all(|name| std::path::Path::new(name).extension().is_some_and(|kind| kind == "eml")));
}

#[tokio::test]
async fn mailersend_against_the_emulator() {
    let emulator = Emulator::start().await.unwrap();
    let transport = MailerSend::builder().token(emulator.token()).api_url(emulator.url()).build().unwrap();
    conformance::run(&transport).await.unwrap();
}

/// The suite finds what is wrong, or it would prove nothing.
#[tokio::test]
async fn a_transport_that_forgets_copies_does_not_conform() {
    #[derive(Debug)]
    struct Forgetful;
    impl Transport for Forgetful {
        fn name(&self) -> &'static str {
            "forgetful"
        }
        fn send<'a>(&'a self, message: &'a Message) -> Sending<'a> {
            let mut status = SendStatus::uniform(message, mailferry::transport::Status::Sent, Some("1"));
            if !message.cc().is_empty() {
                status = SendStatus::default();
            }
            Box::pin(async move { Ok(status) })
        }
    }
    let broken = conformance::run(&Forgetful).await.unwrap_err();
    assert!(broken.promises()[0].starts_with("every recipient has a status"), "{broken}");
}

/// ATT-16
#[tokio::test]
async fn a_message_becomes_a_mail_in_a_file() {
    let folder = Folder::new("eml");
    let now = SystemTime::UNIX_EPOCH + Duration::from_hours(525_960);
    let transport = FileTransport::new(&folder.0).unwrap().clock(Clock::fixed(now));
    let message = Message::builder()
        .from(("Lee, Ann", "a@shop.example"))
        .to("Jörg <j@bücher.example>")
        .bcc("hidden@two.example")
        .subject("Grüße")
        .header("X-Campaign", "spring")
        .text("plain")
        .html("<img src=\"cid:pic@inline\">")
        .tag("t1")
        .merge_data("j@bücher.example", "name", "Jörg")
        .esp_extra("api_token", "mlsn.secret")
        .attach(Attachment::bytes("pic.png", &b"\x89PNG\r\n\x1a\n"[..]).with_content_id("pic@inline"))
        .attach(Attachment::text("list.csv", "a,b\r\n"))
        .build()
        .unwrap();
    let status = transport.send(&message).await.unwrap();
    assert_eq!(status.recipients().len(), 2);
    let files = folder.files();
    let [name] = files.as_slice() else { panic!("{files:?}") };
    assert!(name.starts_with("1893456000-"), "{name}");
    let mail = std::fs::read_to_string(folder.0.join(name)).unwrap();
    for part in [
        "Date: Tue, 1 Jan 2030 00:00:00 +0000\r\n",
        "From: \"Lee, Ann\" <a@shop.example>\r\n",
        "<j@xn--bcher-kva.example>",
        "X-Campaign: spring\r\n",
        "X-Mailferry-Bcc: hidden@two.example\r\n",
        "X-Mailferry-Tags: t1\r\n",
        "multipart/mixed",
        "multipart/alternative",
        "multipart/related",
        "Content-ID: <pic@inline>\r\n",
        "filename=\"list.csv\"",
    ] {
        assert!(mail.contains(part), "{part:?} in\n{mail}");
    }
    assert!(!mail.contains("mlsn.secret"), "a token in a file");
    assert!(!mail.contains("\r\nBcc:"), "hidden recipients are not shown");
}

#[tokio::test]
async fn a_folder_that_is_gone_is_an_error_that_may_be_tried_again() {
    let folder = Folder::new("gone");
    let transport = FileTransport::new(&folder.0).unwrap();
    std::fs::remove_dir_all(&folder.0).unwrap();
    let message = Message::builder().from("a@shop.example").to("ann@one.example").build().unwrap();
    let error = transport.send(&message).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Server, Retry::Safe(None)));
}
