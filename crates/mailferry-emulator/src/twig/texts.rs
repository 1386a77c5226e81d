//! What filters do to a text, or to a number that becomes one.

pub(super) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars.as_str().to_lowercase().chars()).collect())
}

pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#039;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Every word starts with a capital; the rest of it is small. Words end where neither letters nor marks such as `'` are.
pub(super) fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        if in_word {
            titled.extend(c.to_lowercase());
        } else {
            titled.extend(c.to_uppercase());
        }
        in_word = c.is_alphabetic() || (in_word && matches!(c, '\'' | '\u{2019}' | '.' | ':' | '^' | '`'));
    }
    titled
}

/// A `<br />` before each line break, of whatever kind.
pub(super) fn with_breaks(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if matches!(c, '\r' | '\n') {
            broken.push_str("<br />");
            broken.push(c);
            broken.extend(chars.next_if(|next| matches!(next, '\r' | '\n') && *next != c));
        } else {
            broken.push(c);
        }
    }
    broken
}

/// A `<` before a space is no tag, and a `>` in an attribute's quotes ends none.
pub(super) fn strip_tags(text: &str) -> String {
    let mut stripped = String::with_capacity(text.len());
    let mut inside = false;
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' if !inside && chars.peek().is_none_or(|next| !next.is_ascii_whitespace()) => inside = true,
            '>' if inside && quote.is_none() => inside = false,
            '"' | '\'' if inside => quote = if quote == Some(c) { None } else { quote.or(Some(c)) },
            _ if inside => {}
            _ => stripped.push(c),
        }
    }
    stripped
}

pub(super) fn url_encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

pub(super) fn round(number: f64, places: i32) -> f64 {
    let factor = 10_f64.powi(places.clamp(-15, 15));
    // PHP rounds what a number looks like: 2.55 is 2.6, although it is stored as a little less.
    let scaled = number * factor;
    let nudged = scaled + scaled.signum() * scaled.abs() * f64::EPSILON;
    nudged.round() / factor
}

/// `1,234.57`: half up, groups of three.
pub(super) fn number_format(number: f64, places: i32, point: &str, comma: &str) -> String {
    let places = usize::try_from(places).unwrap_or_default();
    let rounded = round(number, i32::try_from(places).unwrap_or_default());
    let digits = format!("{:.places$}", rounded.abs());
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut formatted = if rounded < 0.0 { "-".to_owned() } else { String::new() };
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && whole.len().saturating_sub(position) % 3 == 0 {
            formatted.push_str(comma);
        }
        formatted.push(digit);
    }
    if !fraction.is_empty() {
        formatted.push_str(point);
        formatted.push_str(fraction);
    }
    formatted
}
