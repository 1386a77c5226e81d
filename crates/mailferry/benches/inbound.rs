//! What reading a mail costs, beside another library that reads MIME, in one run.
//!
//! `cargo bench -p mailferry --features inbound --bench inbound` prints the figures of `docs/performance.md`: medians of
//! rounds by turns, in one thread. The library decodes everything at once; ours is asked for everything.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot measure should stop")]
#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded when they are printed")]
#![allow(missing_docs, reason = "not a library")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mail_parser::MessageParser;
use mailferry::{Attachment, InboundMessage};

const ROUNDS: usize = 41;

fn main() {
    report("10 MB: two texts and five files", &files());
    report("10 MB: one text in quoted-printable", &text());
    report("4 KB: two texts", &small());
}

fn report(what: &str, raw: &Bytes) {
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        times[0].push(timed(|| black_box(MessageParser::default().parse(raw)).is_some()));
        times[1].push(timed(|| everything(raw) > 0));
        times[2].push(timed(|| black_box(InboundMessage::from_bytes(raw.clone())).parts().count() > 0));
    }
    let [library, ours, opened] = times.map(median);
    println!("{what} ({} bytes)", raw.len());
    println!("  mail-parser          {:>10.1} µs", micros(library));
    println!("  everything of ours   {:>10.1} µs, {:.2} times its speed", micros(ours), micros(library) / micros(ours));
    println!(
        "  read, not decoded    {:>10.1} µs, {:.2} times its speed",
        micros(opened),
        micros(library) / micros(opened)
    );
}

fn everything(raw: &Bytes) -> usize {
    let message = InboundMessage::from_bytes(raw.clone());
    let mut size = message.headers().map(|header| header.value().len()).sum::<usize>();
    size += usize::from(message.from().is_some()) + message.to().len() + message.cc().len();
    size += usize::from(message.date().is_some()) + message.subject().map_or(0, |subject| subject.len());
    size += message.text().map_or(0, |text| text.len()) + message.html().map_or(0, |html| html.len());
    for part in message.attachments().chain(message.inlines()) {
        size += part.file_name().map_or(0, |name| name.len()) + part.bytes().len();
    }
    black_box(size)
}

fn timed(work: impl Fn() -> bool) -> Duration {
    let start = Instant::now();
    assert!(work());
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1_000.0
}

fn envelope() -> mailferry::inbound::InboundMessageBuilder {
    InboundMessage::builder()
        .raw_headers(
            "Received: from a.example by b.example; Mon, 2 Jun 2025 10:00:00 +0000\r\nMessage-ID: <a@x.example>\r\n",
        )
        .from("=?utf-8?q?J=C3=B6rg?= <joerg@x.example>")
        .to("inbox@app.example")
        .cc("Ann Lee <ann@x.example>")
        .subject("=?utf-8?q?Dobr=C3=BD_den?=")
        .header("Date", "Mon, 2 Jun 2025 10:00:00 +0200")
}

/// As a person sends it: what is in the files is no text.
fn files() -> Bytes {
    let content: Vec<u8> = (0..1_460_000_u32).map(|index| index.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let mut mail = envelope().text("Please find them attached.\r\n".repeat(200)).html("<p>Please…</p>\r\n".repeat(200));
    for index in 0..5 {
        mail = mail.attachment(Attachment::bytes(format!("photo-{index}.jpg"), content.clone()));
    }
    mail.build().unwrap().raw().clone()
}

fn text() -> Bytes {
    let line = "P=C5=99=C3=ADli=C5=A1 =C5=BElu=C5=A5ou=C4=8Dk=C3=BD k=C5=AF=C5=88 =\r\np=C4=9Bl, and so on and on.\r\n";
    let mut raw = String::from(
        "From: a@x.example\r\nTo: b@x.example\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n",
    );
    raw.push_str(&line.repeat(10_000_000 / line.len()));
    Bytes::from(raw)
}

fn small() -> Bytes {
    let mail = envelope().text("Hello.\r\n".repeat(180)).html("<p>Hello.</p>\r\n".repeat(100));
    mail.build().unwrap().raw().clone()
}
