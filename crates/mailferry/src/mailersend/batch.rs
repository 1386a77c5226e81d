//! One message, any number of recipients: requests within MailerSend's limits.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use super::body::{Body, Objects, Segment, Writer};
use super::payload::{Endpoint, Payload};
use super::personalization::To;
use crate::address::Address;

/// Objects in one bulk request, and its bytes (50 MB), as documented.
const MAX_OBJECTS: usize = 500;
pub(crate) const MAX_BYTES: u64 = 50_000_000;

/// Bytes that what is one recipient's own seldom has more of.
const OWN: usize = 256;

/// One request of a payload: which recipients it is for, and what is theirs alone.
#[derive(Debug)]
pub(crate) struct Batch {
    range: Range<usize>,
    /// The members of each object that are not shared, one object after the other.
    own: Bytes,
    /// Where each object's members end in `own`.
    ends: Vec<usize>,
}

/// Cuts a payload into requests, one at a time.
#[derive(Debug)]
pub(crate) struct Batches<'p, 'm> {
    payload: &'p Payload<'m>,
    common: u64,
    next: Option<usize>,
}

impl Iterator for Batches<'_, '_> {
    type Item = Batch;

    /// A bulk payload is cut by the number of objects and by bytes; an object that is too large alone goes alone, for
    /// MailerSend to judge.
    fn next(&mut self) -> Option<Batch> {
        let start = self.next?;
        let to = &self.payload.to;
        let mut own = Vec::with_capacity(OWN);
        if self.payload.endpoint == Endpoint::Email {
            self.payload.write_own(0..to.len(), &mut own);
            self.next = None;
            return Some(Batch { range: 0..to.len(), ends: vec![own.len()], own: own.into() });
        }
        let mut ends = Vec::new();
        let mut bytes = 2;
        for place in (start..to.len()).take(MAX_OBJECTS) {
            let before = own.len();
            self.payload.write_own(place..place + 1, &mut own);
            // The object's braces and the comma after it.
            bytes += self.common + (own.len() - before) as u64 + 3;
            if bytes > MAX_BYTES && !ends.is_empty() {
                own.truncate(before);
                break;
            }
            ends.push(own.len());
        }
        let end = start + ends.len();
        self.next = Some(end).filter(|end| *end < to.len());
        Some(Batch { range: start..end, own: own.into(), ends })
    }
}

impl<'m> Payload<'m> {
    /// The requests that this payload takes: always at least one.
    pub(crate) fn batches(&self) -> Batches<'_, 'm> {
        Batches { payload: self, common: self.common.iter().map(Segment::len).sum(), next: Some(0) }
    }

    /// The `to` recipients of one request.
    pub(crate) fn addresses(&self, batch: &Batch) -> Vec<Address> {
        self.to
            .get(batch.range.clone())
            .unwrap_or_default()
            .iter()
            .filter_map(To::address)
            .map(Cow::into_owned)
            .collect()
    }

    /// The body of one request.
    pub(crate) fn body(&self, batch: &Batch) -> Body {
        Body::new(self.segments(batch))
    }

    fn segments(&self, batch: &Batch) -> Vec<Segment> {
        let text = match self.common.first() {
            Some(Segment::Plain(text)) => text.len(),
            _ => 0,
        };
        let mut out = Writer::with_capacity(text + batch.own.len().min(text) + 64);
        if self.endpoint == Endpoint::Email {
            self.object(&batch.own, &mut out);
            return out.segments();
        }
        out.text().push(b'[');
        if let [Segment::Plain(common)] = self.common.as_slice() {
            // Nearly all of the request is the shared part, which is put into it while it is sent.
            out.objects(Objects {
                common: common.clone(),
                own: batch.own.clone(),
                ends: batch.ends.iter().copied().collect(),
                begun: false,
            });
        } else {
            let mut start = 0;
            for (index, &end) in batch.ends.iter().enumerate() {
                if index > 0 {
                    out.text().push(b',');
                }
                self.object(batch.own.get(start..end).unwrap_or_default(), &mut out);
                start = end;
            }
        }
        out.text().push(b']');
        out.segments()
    }

    fn object(&self, own: &[u8], out: &mut Writer) {
        out.text().push(b'{');
        out.append(&self.common);
        if own.is_empty() && out.text().last() == Some(&b',') {
            // The shared members end with a comma, and nothing follows.
            out.text().pop();
        }
        out.text().extend_from_slice(own);
        out.text().push(b'}');
    }

    /// Writes the members that belong to these recipients. A message without any `to` has none.
    fn write_own(&self, places: Range<usize>, out: &mut Vec<u8>) {
        if places.is_empty() {
            return;
        }
        out.extend_from_slice(b"\"to\":");
        self.write_each(places.clone(), out, |_, to, out| to.write(out));
        if let Some(personalization) = &self.personalization {
            out.extend_from_slice(b",\"personalization\":");
            self.write_each(places, out, |place, to, out| personalization.write(place, to, out));
        }
    }

    /// Writes a list of something for each of these recipients.
    fn write_each(&self, places: Range<usize>, out: &mut Vec<u8>, write: impl Fn(usize, &To<'_>, &mut Vec<u8>)) {
        out.push(b'[');
        let recipients = self.to.get(places.clone()).unwrap_or_default();
        for (place, to) in places.clone().zip(recipients) {
            if place > places.start {
                out.push(b',');
            }
            write(place, to, out);
        }
        out.push(b']');
    }
}
