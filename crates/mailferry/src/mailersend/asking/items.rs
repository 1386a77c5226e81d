//! The items of a list in an answer, each in the bytes that it came in. Pure.

use serde::de::IgnoredAny;
use serde_json::Value;

/// The items of a page, and whether the answer promises another page. `None` when it is no object with a list `data`.
///
/// Only the outline is looked at: what is wrong within an item is no harm to the others. The links lack filters and
/// page size, so they are looked at only for being there (recorded answers, 2025-07).
pub(super) fn items(body: &[u8]) -> Option<(Vec<&[u8]>, bool)> {
    let (mut data, mut links) = (None, Value::Null);
    let mut outline = Outline(body);
    if !outline.eat(b'{') {
        return None;
    }
    while let Some((name, value)) = outline.member().ok()? {
        match name {
            b"\"data\"" => data = Some(value),
            b"\"links\"" => links = serde_json::from_slice(value).unwrap_or_default(),
            _ => {}
        }
    }
    if !outline.is_empty() {
        return None;
    }
    let more = links.get("next").and_then(Value::as_str).is_some_and(|link| !link.is_empty());
    Some((list(data?)?, more))
}

fn list(data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut outline = Outline(data);
    let mut items = Vec::new();
    if outline.eat(b'[') {
        while let Some(item) = outline.item().ok()? {
            items.push(item);
        }
    } else if outline.eat(b'{') {
        // A list with holes in it, as PHP writes one.
        while let Some((_, item)) = outline.member().ok()? {
            items.push(item);
        }
    } else {
        return None;
    }
    Some(items)
}

/// What is left of a JSON text.
struct Outline<'b>(&'b [u8]);

/// A name and a value.
type Member<'b> = (&'b [u8], &'b [u8]);

/// It is no JSON.
struct Broken;

impl<'b> Outline<'b> {
    fn is_empty(&mut self) -> bool {
        self.0 = self.0.trim_ascii_start();
        self.0.is_empty()
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.0 = self.0.trim_ascii_start();
        let rest = self.0.strip_prefix(&[byte]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Any value, however deep: it is skipped without recursion.
    fn value(&mut self) -> Result<&'b [u8], Broken> {
        self.0 = self.0.trim_ascii_start();
        let mut values = serde_json::Deserializer::from_slice(self.0).into_iter::<IgnoredAny>();
        let (Some(Ok(_)), end) = (values.next(), values.byte_offset()) else { return Err(Broken) };
        let (value, rest) = self.0.split_at_checked(end).ok_or(Broken)?;
        self.0 = rest;
        Ok(value)
    }

    /// The next item of a list; `None` at its end.
    fn item(&mut self) -> Result<Option<&'b [u8]>, Broken> {
        if self.eat(b']') {
            return Ok(None);
        }
        let item = self.value()?;
        self.goes_on(b']').map(|()| Some(item))
    }

    /// The next member of an object, its name with quotation marks; `None` at its end.
    fn member(&mut self) -> Result<Option<Member<'b>>, Broken> {
        if self.eat(b'}') {
            return Ok(None);
        }
        let name = self.value()?;
        if !self.eat(b':') {
            return Err(Broken);
        }
        let value = self.value()?;
        self.goes_on(b'}').map(|()| Some((name, value)))
    }

    /// After a comma, or before the end.
    fn goes_on(&mut self, end: u8) -> Result<(), Broken> {
        if self.eat(b',') || self.0.first() == Some(&end) { Ok(()) } else { Err(Broken) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn texts(body: &str) -> Option<(Vec<&str>, bool)> {
        let (found, more) = items(body.as_bytes())?;
        Some((found.into_iter().map(|item| std::str::from_utf8(item).unwrap()).collect(), more))
    }

    #[test]
    fn items_keep_their_bytes() {
        let body = r#" {"meta":{"data":[9]}, "data" : [ {"z":1, "a":"\u00e9\/"} ,7,"]", -1e999,"\ud800",[[]]],
            "links": {"next":"https:\/\/x.example\/?page=2"}} "#;
        let found = vec![r#"{"z":1, "a":"\u00e9\/"}"#, "7", "\"]\"", "-1e999", "\"\\ud800\"", "[[]]"];
        assert_eq!(texts(body), Some((found, true)));
        assert_eq!(texts(r#"{"data":{"0":1,"2":{"a":2}}}"#), Some((vec!["1", r#"{"a":2}"#], false)));
        assert_eq!(texts(r#"{"data":[],"links":{"next":""}}"#), Some((vec![], false)));
        assert_eq!(texts(r#"{"data":[],"links":[1e999]}"#), Some((vec![], false)));
    }

    #[test]
    fn what_is_no_list_is_none() {
        for body in
            ["", "[]", "{}", "7", "{", r#"{"data"}"#, r#"{"data":null}"#, r#"{"data":[1 2]}"#, r#"{"data":[1]"#, "\0"]
        {
            assert_eq!(texts(body), None, "{body}");
        }
        for body in [r#"{"data":[1]} x"#, r#"{"data":[1}"#, r#"{"data":[,1]}"#, r#"{"data" [1]}"#, r#"{"data":[tru]}"#]
        {
            assert_eq!(texts(body), None, "{body}");
        }
    }

    #[test]
    fn depth_is_no_harm() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(texts(&format!(r#"{{"data":[{deep},1]}}"#)), Some((vec![deep.as_str(), "1"], false)));
    }

    proptest! {
        /// The same as a parse of the whole has, and whatever comes, no panic.
        #[test]
        fn as_parsed_at_once(numbers in proptest::collection::vec(any::<f64>(), 0..9), text: String, cut in 0_usize..99) {
            let expected: Vec<Value> =
                numbers.iter().map(|number| json!({"a": number, &text: [text, {"]": null}]})).collect();
            let body = json!({&text: 1, "data": expected, "links": {"next": text}}).to_string();
            let (found, more) = items(body.as_bytes()).unwrap();
            let found: Vec<Value> = found.into_iter().map(|item| serde_json::from_slice(item).unwrap()).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(more, !text.is_empty());
            let _ = items(&body.as_bytes()[..cut.min(body.len())]);
        }
    }
}
