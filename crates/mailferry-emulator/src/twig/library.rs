//! Twig's operators, filters and functions, for minijinja to call.

use minijinja::value::Rest;
use minijinja::{Environment, Error, ErrorKind, Value};

use super::MOST_BYTES;
use super::value::{Number, compare, equal, is_empty, is_null, number, pairs, text, truth, values};

/// Functions by Twig's name.
pub(super) const FUNCTIONS: &[(&str, &str)] = &[("range", "_range"), ("max", "_max"), ("min", "_min")];

/// Filters by Twig's name. Documented are `escape`, `default`, `length`, `lower`, `upper` and `keys`; that the others
/// are in the limited version is UNCERTAIN.
pub(super) const FILTERS: &[(&str, &str)] = &[
    ("abs", "_abs"),
    ("capitalize", "_capitalize"),
    ("default", "_default"),
    ("e", "_escape"),
    ("escape", "_escape"),
    ("first", "_first"),
    ("join", "_implode"),
    ("keys", "_keys"),
    ("last", "_last"),
    ("length", "_length"),
    ("lower", "_lower"),
    ("nl2br", "_nl2br"),
    ("number_format", "_number_format"),
    ("raw", "_raw"),
    ("replace", "_replace"),
    ("reverse", "_reverse"),
    ("round", "_round"),
    ("slice", "_slice"),
    ("sort", "_sort"),
    ("split", "_split"),
    ("striptags", "_striptags"),
    ("title", "_title"),
    ("trim", "_trim"),
    ("upper", "_upper"),
    ("url_encode", "_url_encode"),
];

/// The longest range, in items.
const LONGEST_RANGE: i64 = 10_000;

type Outcome = Result<Value, Error>;

fn mistake(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason)
}

fn sized(text: String) -> Outcome {
    if text.len() > MOST_BYTES { Err(mistake("a text is too large")) } else { Ok(text.into()) }
}

fn numbers(left: &Value, right: &Value) -> Result<(Number, Number), Error> {
    match (number(left), number(right)) {
        (Some(left), Some(right)) => Ok((left, right)),
        _ => Err(mistake("that is not a number")),
    }
}

/// Whole numbers stay whole until they grow too large, as in PHP.
fn arithmetic(left: &Value, right: &Value, whole: fn(i64, i64) -> Option<i64>, real: fn(f64, f64) -> f64) -> Outcome {
    let (left, right) = numbers(left, right)?;
    let exact = match (left, right) {
        (Number::Whole(left), Number::Whole(right)) => whole(left, right),
        _ => None,
    };
    Ok(exact.map_or_else(|| Number::Real(real(left.real(), right.real())), Number::Whole).value())
}

fn by_zero(value: &Value) -> Result<(), Error> {
    match number(value) {
        Some(number) if number.real() == 0.0 => Err(mistake("division by zero")),
        _ => Ok(()),
    }
}

/// Teaches `environment` everything that translated templates call.
pub(super) fn install(environment: &mut Environment<'static>) {
    operators(environment);
    lists(environment);
    texts(environment);
}

fn operators(environment: &mut Environment<'static>) {
    environment.add_function("_true", |value: Value| truth(&value));
    environment.add_function("_not", |value: Value| !truth(&value));
    environment.add_function("_and", |left: Value, right: Value| truth(&left) && truth(&right));
    environment.add_function("_or", |left: Value, right: Value| truth(&left) || truth(&right));
    environment.add_function("_equal", |left: Value, right: Value| equal(&left, &right));
    environment.add_function("_unequal", |left: Value, right: Value| !equal(&left, &right));
    environment.add_function("_same", |left: Value, right: Value| left.kind() == right.kind() && left == right);
    environment.add_function("_less", |left: Value, right: Value| compare(&left, &right).is_lt());
    environment.add_function("_more", |left: Value, right: Value| compare(&left, &right).is_gt());
    environment.add_function("_at_most", |left: Value, right: Value| compare(&left, &right).is_le());
    environment.add_function("_at_least", |left: Value, right: Value| compare(&left, &right).is_ge());
    environment.add_function("_in", |item: Value, list: Value| contains(&item, &list));
    environment.add_function("_not_in", |item: Value, list: Value| !contains(&item, &list));
    environment.add_function("_starts", |left: Value, right: Value| text(&left).starts_with(&text(&right)));
    environment.add_function("_ends", |left: Value, right: Value| text(&left).ends_with(&text(&right)));
    environment.add_function("_empty", |value: Value| is_empty(&value));
    environment.add_function("_null", |value: Value| is_null(&value));
    environment.add_function("_iterable", |value: Value| value.as_str().is_none() && value.try_iter().is_ok());
    environment.add_function("_first_given", |left: Value, right: Value| if is_null(&left) { right } else { left });
    environment.add_function("_otherwise", |left: Value, right: Value| if truth(&left) { left } else { right });
    environment.add_function("_join", |left: Value, right: Value| sized(text(&left) + &text(&right)));
    environment
        .add_function("_add", |left: Value, right: Value| arithmetic(&left, &right, i64::checked_add, |a, b| a + b));
    environment.add_function("_subtract", |left: Value, right: Value| {
        arithmetic(&left, &right, i64::checked_sub, |a, b| a - b)
    });
    environment.add_function("_multiply", |left: Value, right: Value| {
        arithmetic(&left, &right, i64::checked_mul, |a, b| a * b)
    });
    environment.add_function("_divide", |left: Value, right: Value| {
        by_zero(&right)?;
        let whole = |a: i64, b: i64| a.checked_rem(b).filter(|rest| *rest == 0).and_then(|_| a.checked_div(b));
        arithmetic(&left, &right, whole, |a, b| a / b)
    });
    environment.add_function("_divide_whole", |left: Value, right: Value| {
        by_zero(&right)?;
        let whole = |a: i64, b: i64| {
            let quotient = a.checked_div(b)?;
            if a.checked_rem(b)? != 0 && (a < 0) != (b < 0) { quotient.checked_sub(1) } else { Some(quotient) }
        };
        arithmetic(&left, &right, whole, |a, b| (a / b).floor())
    });
    environment.add_function("_remainder", |left: Value, right: Value| {
        by_zero(&right)?;
        arithmetic(&left, &right, i64::checked_rem, |a, b| a % b)
    });
    environment.add_function("_power", |left: Value, right: Value| {
        arithmetic(&left, &right, |a, b| a.checked_pow(u32::try_from(b).ok()?), f64::powf)
    });
}

fn lists(environment: &mut Environment<'static>) {
    environment.add_function("_values", |value: Value| values(&value));
    environment.add_function("_pairs", |value: Value| {
        pairs(&value).into_iter().map(|(key, value)| Value::from(vec![key, value])).collect::<Vec<_>>()
    });
    environment
        .add_function("_range", |low: Value, high: Value, step: Option<Value>| range(&low, &high, step.as_ref()));
    environment
        .add_function("_max", |items: Rest<Value>| spread(&items).into_iter().max_by(compare).unwrap_or_default());
    environment
        .add_function("_min", |items: Rest<Value>| spread(&items).into_iter().min_by(compare).unwrap_or_default());
    environment.add_function("_keys", |value: Value| pairs(&value).into_iter().map(|(key, _)| key).collect::<Vec<_>>());
    environment.add_function("_first", |value: Value| {
        let first = value.as_str().and_then(|text| text.chars().next()).map(|c| Value::from(c.to_string()));
        first.or_else(|| values(&value).into_iter().next()).unwrap_or_default()
    });
    environment.add_function("_last", |value: Value| {
        let last = value.as_str().and_then(|text| text.chars().next_back()).map(|c| Value::from(c.to_string()));
        last.or_else(|| values(&value).pop()).unwrap_or_default()
    });
    environment.add_function("_reverse", |value: Value| match value.as_str() {
        Some(text) => Value::from(text.chars().rev().collect::<String>()),
        None => values(&value).into_iter().rev().collect::<Vec<_>>().into(),
    });
    environment.add_function("_sort", |value: Value| {
        let mut items = values(&value);
        items.sort_by(compare);
        items
    });
    environment.add_function("_length", |value: Value| match value.as_str() {
        Some(text) => text.chars().count(),
        None if is_null(&value) => 0,
        None => value.len().unwrap_or_else(|| text(&value).chars().count()),
    });
    environment.add_function("_implode", |value: Value, glue: Option<Value>| {
        let parts: Vec<String> = values(&value).iter().map(text).collect();
        sized(parts.join(&glue.as_ref().map(text).unwrap_or_default()))
    });
    environment.add_function("_split", |value: Value, delimiter: Value| {
        let (value, delimiter) = (text(&value), text(&delimiter));
        if delimiter.is_empty() {
            value.chars().map(|c| c.to_string()).collect::<Vec<_>>()
        } else {
            value.split(&delimiter).map(str::to_owned).collect()
        }
    });
    environment.add_function("_slice", |value: Value, start: i64, length: Option<i64>| slice(&value, start, length));
}

fn texts(environment: &mut Environment<'static>) {
    environment.add_function("_raw", |value: Value| value);
    environment.add_function(
        "_default",
        |value: Value, other: Option<Value>| {
            if is_empty(&value) { other.unwrap_or_else(|| "".into()) } else { value }
        },
    );
    environment.add_function("_upper", |value: Value| text(&value).to_uppercase());
    environment.add_function("_lower", |value: Value| text(&value).to_lowercase());
    environment.add_function("_capitalize", |value: Value| capitalize(&text(&value)));
    environment.add_function("_title", |value: Value| {
        text(&value).split_inclusive(char::is_whitespace).map(capitalize).collect::<String>()
    });
    environment.add_function("_trim", |value: Value| text(&value).trim().to_owned());
    environment.add_function("_escape", |value: Value, strategy: Option<Value>| {
        match strategy.as_ref().map(text).as_deref() {
            None | Some("html") => sized(escape(&text(&value))),
            Some(_) => Err(mistake("only HTML is escaped")),
        }
    });
    environment.add_function("_nl2br", |value: Value| sized(text(&value).replace('\n', "<br />\n")));
    environment.add_function("_striptags", |value: Value| {
        let mut inside = false;
        text(&value)
            .chars()
            .filter(|c| {
                inside = inside || *c == '<';
                let keep = !inside;
                inside = inside && *c != '>';
                keep
            })
            .collect::<String>()
    });
    environment.add_function("_url_encode", |value: Value| url_encode(&text(&value)));
    environment.add_function("_replace", |value: Value, with: Value| {
        pairs(&with).iter().try_fold(text(&value), |value, (from, to)| replace(value, &text(from), &text(to)))
    });
    environment.add_function("_abs", |value: Value| match number(&value) {
        Some(Number::Whole(number)) => Ok(Value::from(number.saturating_abs())),
        Some(Number::Real(number)) => Ok(Value::from(number.abs())),
        None => Err(mistake("that is not a number")),
    });
    environment.add_function("_round", |value: Value, places: Option<i32>| {
        let number = number(&value).ok_or_else(|| mistake("that is not a number"))?;
        Ok::<_, Error>(Value::from(round(number.real(), places.unwrap_or_default())))
    });
    environment.add_function(
        "_number_format",
        |value: Value, places: Option<i32>, point: Option<Value>, comma: Option<Value>| {
            let mark = |given: Option<Value>, usual: &str| given.as_ref().map_or_else(|| usual.to_owned(), text);
            number_format(&value, places, &mark(point, "."), &mark(comma, ","))
        },
    );
}

fn contains(item: &Value, list: &Value) -> bool {
    match list.as_str() {
        Some(list) => list.contains(&text(item)),
        None => values(list).iter().any(|known| equal(known, item)),
    }
}

fn spread(items: &[Value]) -> Vec<Value> {
    match items {
        [list] => values(list),
        _ => items.to_vec(),
    }
}

fn range(low: &Value, high: &Value, step: Option<&Value>) -> Outcome {
    let whole = |value: &Value| match number(value) {
        Some(Number::Whole(number)) => Ok(number),
        _ => Err(mistake("a range needs whole numbers")),
    };
    let (low, high) = (whole(low)?, whole(high)?);
    let step = step.map_or(Ok(1), whole)?.saturating_abs().max(1);
    let distance = high.checked_sub(low).ok_or_else(|| mistake("the range is too long"))?;
    if distance.saturating_abs() / step >= LONGEST_RANGE {
        return Err(mistake("the range is too long"));
    }
    let count = distance.saturating_abs() / step;
    let signed = if distance < 0 { step.saturating_neg() } else { step };
    Ok((0..=count).map(|i| low.saturating_add(i.saturating_mul(signed))).collect::<Vec<_>>().into())
}

fn slice(value: &Value, start: i64, length: Option<i64>) -> Value {
    fn part<T: Clone>(items: &[T], start: i64, length: Option<i64>) -> Vec<T> {
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let place = |at: i64| if at < 0 { count.saturating_add(at) } else { at }.clamp(0, count);
        let from = place(start);
        let to = match length {
            None => count,
            Some(length) if length < 0 => count.saturating_add(length),
            Some(length) => from.saturating_add(length),
        };
        let to = to.clamp(from, count);
        let range = usize::try_from(from).unwrap_or_default()..usize::try_from(to).unwrap_or_default();
        items.get(range).unwrap_or_default().to_vec()
    }
    match value.as_str() {
        Some(text) => part(&text.chars().collect::<Vec<_>>(), start, length).into_iter().collect::<String>().into(),
        None => part(&values(value), start, length).into(),
    }
}

fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars.as_str().to_lowercase().chars()).collect())
}

fn escape(text: &str) -> String {
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

fn url_encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn replace(value: String, from: &str, to: &str) -> Result<String, Error> {
    if from.is_empty() {
        return Ok(value);
    }
    let grown = value.matches(from).count().saturating_mul(to.len()).saturating_add(value.len());
    if grown > MOST_BYTES { Err(mistake("a text is too large")) } else { Ok(value.replace(from, to)) }
}

fn round(number: f64, places: i32) -> f64 {
    let factor = 10_f64.powi(places.clamp(-15, 15));
    // PHP rounds what a number looks like: 2.55 is 2.6, although it is stored as a little less.
    let scaled = number * factor;
    let nudged = scaled + scaled.signum() * scaled.abs() * f64::EPSILON;
    nudged.round() / factor
}

/// `1,234.57`: half up, groups of three.
fn number_format(value: &Value, places: Option<i32>, point: &str, comma: &str) -> Outcome {
    let number = number(value).ok_or_else(|| mistake("that is not a number"))?;
    let places = usize::try_from(places.unwrap_or_default()).unwrap_or_default().min(15);
    let rounded = round(number.real(), i32::try_from(places).unwrap_or_default());
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
    sized(formatted)
}
