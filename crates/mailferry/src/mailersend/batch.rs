//! One message, any number of recipients: requests within MailerSend's limits.

use super::body::{Body, Segment, Writer};
use super::payload::{Endpoint, Payload, To};
use crate::address::Address;

/// Objects in one bulk request, and its bytes (50 MB), as documented.
const MAX_OBJECTS: usize = 500;
const MAX_BYTES: u64 = 50_000_000;

/// One request of a payload: which recipients it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    range: std::ops::Range<usize>,
}

impl Payload<'_> {
    /// Cuts the payload into requests. A bulk payload is cut by the number of objects and by bytes; an object that is
    /// too large alone goes alone, for MailerSend to judge.
    pub(crate) fn batches(&self) -> Vec<Batch> {
        if self.endpoint == Endpoint::Email {
            return vec![Batch { range: 0..self.to.len() }];
        }
        let common: u64 = self.common.iter().map(Segment::len).sum();
        let mut batches = Vec::new();
        // The first bracket; the second is where the last object has no comma.
        let (mut start, mut bytes) = (0, 1);
        let mut own = Vec::new();
        for index in 0..self.to.len() {
            own.clear();
            self.write_own(index..index + 1, &mut own);
            // The object's braces and the comma after it.
            let size = common + own.len() as u64 + 3;
            if index > start && (index - start == MAX_OBJECTS || bytes + size > MAX_BYTES) {
                batches.push(Batch { range: start..index });
                (start, bytes) = (index, 1);
            }
            bytes += size;
        }
        batches.push(Batch { range: start..self.to.len() });
        batches
    }

    /// The `to` recipients of one request.
    pub(crate) fn addresses(&self, batch: &Batch) -> Vec<Address> {
        self.to.get(batch.range.clone()).unwrap_or_default().iter().filter_map(To::address).collect()
    }

    /// The body of one request.
    pub(crate) fn body(&self, batch: &Batch) -> Body {
        Body::new(self.segments(batch))
    }

    fn segments(&self, batch: &Batch) -> Vec<Segment> {
        let mut out = Writer::default();
        match self.endpoint {
            Endpoint::Email => {
                out.text().reserve(self.plain() + 128);
                self.object(batch.range.clone(), &mut out);
            }
            Endpoint::BulkEmail => {
                // Nearly all of it is the shared part: one allocation holds the whole request.
                out.text().reserve((self.plain() + 256) * batch.range.len());
                out.text().push(b'[');
                for index in batch.range.clone() {
                    if index > batch.range.start {
                        out.text().push(b',');
                    }
                    self.object(index..index + 1, &mut out);
                }
                out.text().push(b']');
            }
        }
        out.segments()
    }

    /// How many bytes of the shared part are text before anything large.
    fn plain(&self) -> usize {
        match self.common.first() {
            Some(Segment::Plain(text)) => text.len(),
            _ => 0,
        }
    }

    fn object(&self, range: std::ops::Range<usize>, out: &mut Writer) {
        out.text().push(b'{');
        out.append(&self.common);
        self.write_own(range, out.text());
        out.text().push(b'}');
    }

    /// Writes the members that belong to these recipients. A message without any `to` has no such member.
    fn write_own(&self, range: std::ops::Range<usize>, out: &mut Vec<u8>) {
        let to = self.to.get(range).unwrap_or_default();
        if to.is_empty() {
            // The shared members end with a comma.
            if out.last() == Some(&b',') {
                out.pop();
            }
            return;
        }
        out.extend_from_slice(b"\"to\":[");
        separated(to, out, To::write);
        out.push(b']');
        if let Some(personalization) = &self.personalization {
            out.extend_from_slice(b",\"personalization\":[");
            separated(to, out, |to, out| personalization.write(to, out));
            out.push(b']');
        }
    }
}

fn separated<T>(items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
}
