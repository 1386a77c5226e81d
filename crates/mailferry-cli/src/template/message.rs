//! Messages in JSON whose values are in MailerSend's older form.

use mailferry::transport::{Error, ErrorKind};
use mailferry_emulator::twig::{Braces, is_variable_name, simple_tokens, to_advanced};
use serde_json::{Deserializer, Map, Value, json};

use super::convert::{Changed, Left, Outcome};

/// Rewrites the texts of every message in `source`, and moves their `variables` to where the newer syntax looks.
pub(super) fn convert(input: &str, source: &str, braces: Braces) -> Result<Outcome, Error> {
    let values: Result<Vec<Value>, _> = Deserializer::from_str(source).into_iter().collect();
    let mut values = values.map_err(|cause| {
        let text = format!("{input} is not JSON (line {}, column {})", cause.line(), cause.column());
        Error::new(ErrorKind::Serialization, text)
            .with_remedy("give messages in JSON; templates are converted without --message")
    })?;
    let mut outcome = Outcome::default();
    let several = values.len() > 1;
    for (position, value) in values.iter_mut().enumerate() {
        let place = if several { format!("message {}: ", position + 1) } else { String::new() };
        match value {
            Value::Array(messages) => {
                for (position, message) in messages.iter_mut().enumerate() {
                    one(&format!("{place}[{position}] "), message, braces, &mut outcome);
                }
            }
            message => one(&place, message, braces, &mut outcome),
        }
    }
    if outcome.changes.is_empty() {
        source.clone_into(&mut outcome.text);
    } else if several {
        let lines: Vec<String> = values.iter().map(|value| format!("{value}\n")).collect();
        outcome.text = lines.concat();
    } else {
        outcome.text = values.first().map(|value| format!("{value:#}\n")).unwrap_or_default();
    }
    Ok(outcome)
}

fn one(place: &str, message: &mut Value, braces: Braces, outcome: &mut Outcome) {
    let Some(fields) = message.as_object_mut() else { return };
    let texts = ["subject", "text", "html"];
    let has_tokens = texts.iter().any(|field| {
        fields.get(*field).and_then(Value::as_str).is_some_and(|text| simple_tokens(text).next().is_some())
    });
    let moved = variables(place, fields, outcome);
    if !has_tokens && !moved {
        return;
    }
    for field in texts {
        if let Some(Value::String(text)) = fields.get_mut(field) {
            *text = outcome.add(&format!("{place}{field}"), to_advanced(text, braces));
        }
    }
}

/// Moves `variables` to `personalization`, or those in `esp_extra` to `merge_data`; whether there were any.
fn variables(place: &str, fields: &mut Map<String, Value>, outcome: &mut Outcome) -> bool {
    if let Some(list) = fields.remove("variables") {
        let values = values(place, &list, outcome);
        let list = fields.entry("personalization").or_insert_with(|| json!([]));
        for (email, data) in values {
            if let Value::Array(items) = list {
                let known = items.iter_mut().find(|item| {
                    item.get("email").and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(&email))
                });
                match known.and_then(|item| item.get_mut("data")?.as_object_mut()) {
                    Some(known) => merge(place, known, data, outcome),
                    None => items.push(json!({"email": email, "data": data})),
                }
            }
        }
        let (from, to) = ("variables".to_owned(), "personalization".to_owned());
        outcome.changes.push(Changed { at: format!("{place}message"), from, to });
        return true;
    }
    let extra = fields.get_mut("esp_extra").and_then(Value::as_object_mut);
    let Some(list) = extra.and_then(|extra| extra.remove("variables")) else { return false };
    if fields.get("esp_extra").and_then(Value::as_object).is_some_and(Map::is_empty) {
        fields.remove("esp_extra");
    }
    let values = values(place, &list, outcome);
    if let Value::Object(all) = fields.entry("merge_data").or_insert_with(|| json!({})) {
        for (email, data) in values {
            match all.get_mut(&email).and_then(Value::as_object_mut) {
                Some(known) => merge(place, known, data, outcome),
                None => {
                    all.insert(email, Value::Object(data));
                }
            }
        }
    }
    let (from, to) = ("esp_extra.variables".to_owned(), "merge_data".to_owned());
    outcome.changes.push(Changed { at: format!("{place}message"), from, to });
    true
}

/// What is there already stays.
fn merge(place: &str, known: &mut Map<String, Value>, data: Map<String, Value>, outcome: &mut Outcome) {
    for (name, value) in data {
        match known.get(&name) {
            None => {
                known.insert(name, value);
            }
            Some(known) if *known == value => {}
            Some(_) => {
                let reason = "there is another value of this name already, which stays".to_owned();
                outcome.left.push(Left { at: format!("{place}variables"), token: name, reason });
            }
        }
    }
}

/// Each address with its values.
fn values(place: &str, list: &Value, outcome: &mut Outcome) -> Vec<(String, Map<String, Value>)> {
    let mut all = Vec::new();
    let mut leave = |token: &str, reason: &str| {
        let (token, reason) = (token.to_owned(), reason.to_owned());
        outcome.left.push(Left { at: format!("{place}variables"), token, reason });
    };
    for item in list.as_array().into_iter().flatten() {
        let pairs = item.get("substitutions").and_then(Value::as_array);
        let (Some(email), Some(pairs)) = (item.get("email").and_then(Value::as_str), pairs) else {
            leave(&item.to_string(), "it has no `email` with `substitutions`");
            continue;
        };
        let mut data = Map::new();
        for pair in pairs {
            match (pair.get("var").and_then(Value::as_str), pair.get("value")) {
                (Some(name), Some(value)) if is_variable_name(name) && name != "unsubscribe" => {
                    data.insert(name.to_owned(), value.clone());
                }
                (Some("unsubscribe"), Some(_)) => leave("unsubscribe", "MailerSend fills it in itself (MS42214)"),
                (Some(name), Some(_)) => leave(name, "it cannot be the name of a variable in the newer syntax"),
                _ => leave(&pair.to_string(), "it has no `var` with a `value`"),
            }
        }
        all.push((email.to_owned(), data));
    }
    all
}
