//! Twig's operators, filters, functions and tests.

use std::cmp::Ordering;

use super::compare::{compare, equal, extreme, same, sort};
use super::texts;
use super::value::{Number, Value};

/// Something that is called with values: an operator, a filter, a function or a test.
#[derive(Debug)]
pub(super) struct Function {
    /// Twig's name.
    pub(super) name: &'static str,
    /// How few and how many values it takes.
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) run: Run,
}

pub(super) type Run = for<'a> fn(&[Value<'a>], &mut Budget) -> Made<'a>;
/// A value, or why there is none.
pub(super) type Made<'a> = Result<Value<'a>, &'static str>;

/// The most steps one text may take to render: loops in loops end here.
const STEPS: usize = 1_000_000;
/// The most bytes of texts that may be made on the way.
const BYTES: usize = 64 * 1024 * 1024;
/// The longest range, in items.
const LONGEST_RANGE: i64 = 10_000;

/// What all texts of one message may cost, for all its readers together.
pub(crate) struct Allowance {
    steps: usize,
    pub(super) bytes: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { steps: 4 * STEPS, bytes: BYTES }
    }
}

/// What one text may still cost to render.
pub(super) struct Budget {
    steps: usize,
    bytes: usize,
}

impl Budget {
    pub(super) fn within(allowance: &Allowance) -> Self {
        Self { steps: STEPS.min(allowance.steps), bytes: BYTES }
    }

    /// What is left for another text, after one that became so long.
    pub(super) fn charge(&self, allowance: &mut Allowance, length: usize) {
        let spent = STEPS.min(allowance.steps).saturating_sub(self.steps);
        allowance.steps = allowance.steps.saturating_sub(spent);
        allowance.bytes = allowance.bytes.saturating_sub(length);
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), &'static str> {
        self.steps = self.steps.checked_sub(steps).ok_or("it takes too many steps: is a loop too long?")?;
        Ok(())
    }

    /// Counts a text before it is made.
    pub(super) fn make(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or("a text grows too large")?;
        Ok(())
    }

    pub(super) fn text<'a>(&mut self, text: impl Into<String>) -> Made<'a> {
        let text = text.into();
        self.make(text.len())?;
        Ok(text.into())
    }
}

const fn row(name: &'static str, least: usize, most: usize, run: Run) -> Function {
    Function { name, least, most, run }
}

/// Those of its operators that do not decide what is looked at.
#[rustfmt::skip] // a table: one line a row
const OPERATORS: &[Function] = &[
    row("==", 2, 2, |v, budget| Ok(Value::Bool(equal(at(v, 0), at(v, 1), budget)?))),
    row("!=", 2, 2, |v, budget| Ok(Value::Bool(!equal(at(v, 0), at(v, 1), budget)?))),
    row("<", 2, 2, |v, budget| ordered(v, Ordering::is_lt, budget)),
    row(">", 2, 2, |v, budget| ordered(v, Ordering::is_gt, budget)),
    row("<=", 2, 2, |v, budget| ordered(v, Ordering::is_le, budget)),
    row(">=", 2, 2, |v, budget| ordered(v, Ordering::is_ge, budget)),
    row("..", 2, 2, range),
    row("+", 2, 2, |v, _| arithmetic(v, i64::checked_add, |a, b| a + b)),
    row("-", 2, 2, |v, _| arithmetic(v, i64::checked_sub, |a, b| a - b)),
    row("~", 2, 2, |v, budget| {
        let (left, right) = (at(v, 0).text(), at(v, 1).text());
        budget.text(left.into_owned() + &right)
    }),
    row("*", 2, 2, |v, _| arithmetic(v, i64::checked_mul, |a, b| a * b)),
    row("/", 2, 2, |v, _| divide(v, |a, b| a.checked_rem(b).filter(|rest| *rest == 0).and_then(|_| a.checked_div(b)), |a, b| a / b)),
    row("//", 2, 2, |v, _| divide(v, whole_quotient, |a, b| (a / b).floor() + 0.0)),
    row("%", 2, 2, |v, _| rest(at(v, 0), at(v, 1)).map(Value::Whole)),
    row("**", 2, 2, |v, _| arithmetic(v, |a, b| a.checked_pow(u32::try_from(b).ok()?), f64::powf)),
    row("in", 2, 2, |v, budget| Ok(Value::Bool(contains(v, budget)?))),
    row("not in", 2, 2, |v, budget| Ok(Value::Bool(!contains(v, budget)?))),
    row("starts with", 2, 2, |v, _| Ok(Value::Bool(texts_of(v).is_some_and(|(text, start)| text.starts_with(start))))),
    row("ends with", 2, 2, |v, _| Ok(Value::Bool(texts_of(v).is_some_and(|(text, end)| text.ends_with(end))))),
];

#[rustfmt::skip] // a table: one line a row
const FUNCTIONS: &[Function] = &[
    row("range", 2, 3, range),
    row("max", 1, usize::MAX, |v, budget| extreme(spread(v), Ordering::Greater, budget)),
    row("min", 1, usize::MAX, |v, budget| extreme(spread(v), Ordering::Less, budget)),
];

/// All but `default`, which is syntax. Documented are `escape`, `default`, `length`, `lower`, `upper` and `keys`; that
/// the others are in the limited version is UNCERTAIN.
#[rustfmt::skip] // a table: one line a row
const FILTERS: &[Function] = &[
    row("abs", 1, 1, abs),
    row("capitalize", 1, 1, |v, budget| budget.text(texts::capitalize(&at(v, 0).text()))),
    row("e", 1, 2, escape),
    row("escape", 1, 2, escape),
    row("first", 1, 1, |v, _| Ok(match at(v, 0).count() {
        Some(_) => at(v, 0).values().into_iter().next().unwrap_or(Value::Null),
        None => at(v, 0).text().chars().next().map_or(Value::Str(""), |c| c.to_string().into()),
    })),
    row("join", 1, 2, join),
    row("keys", 1, 1, |v, _| Ok(at(v, 0).pairs().into_iter().map(|(key, _)| key).collect::<Vec<_>>().into())),
    row("last", 1, 1, |v, _| Ok(match at(v, 0).count() {
        Some(_) => at(v, 0).values().pop().unwrap_or(Value::Null),
        None => at(v, 0).text().chars().next_back().map_or(Value::Str(""), |c| c.to_string().into()),
    })),
    row("length", 1, 1, |v, _| Ok(at(v, 0).count().unwrap_or_else(|| at(v, 0).text().chars().count()).into())),
    row("lower", 1, 1, |v, budget| budget.text(at(v, 0).text().to_lowercase())),
    row("nl2br", 1, 1, |v, budget| {
        let text = at(v, 0).text();
        budget.make(text.matches(['\r', '\n']).count().saturating_mul(6))?;
        budget.text(texts::with_breaks(&text))
    }),
    row("number_format", 1, 4, number_format),
    row("raw", 1, 1, |v, _| Ok(at(v, 0).clone())),
    row("replace", 2, 2, replace),
    row("reverse", 1, 1, |v, budget| match at(v, 0).count() {
        Some(_) => Ok(renumbered(at(v, 0).pairs().into_iter().rev())),
        None => budget.text(at(v, 0).text().chars().rev().collect::<String>()),
    }),
    row("round", 1, 2, |v, _| Ok(Value::Real(texts::round(real(at(v, 0))?, places(v.get(1))?)))),
    row("slice", 2, 3, slice),
    row("sort", 1, 1, |v, budget| {
        // Each keeps its key, as in PHP.
        Ok(Value::Object(sort(at(v, 0).pairs(), budget)?.into()))
    }),
    row("split", 2, 2, split),
    row("striptags", 1, 1, |v, budget| budget.text(texts::strip_tags(&at(v, 0).text()))),
    row("title", 1, 1, |v, budget| {
        let text = at(v, 0).text();
        budget.text(texts::title(&text))
    }),
    row("trim", 1, 1, |v, budget| budget.text(at(v, 0).text().trim_matches([' ', '\t', '\n', '\r', '\0', '\u{b}']))),
    row("upper", 1, 1, |v, budget| budget.text(at(v, 0).text().to_uppercase())),
    row("url_encode", 1, 1, |v, budget| {
        if at(v, 0).count().is_some() {
            return Err("only texts are encoded for a URL");
        }
        let text = at(v, 0).text();
        budget.make(text.len().saturating_mul(3))?;
        Ok(texts::url_encode(&text).into())
    }),
];

/// All but `defined`, which is syntax.
#[rustfmt::skip] // a table: one line a row
const TESTS: &[Function] = &[
    row("empty", 1, 1, |v, _| Ok(Value::Bool(at(v, 0).is_empty()))),
    row("null", 1, 1, |v, _| Ok(Value::Bool(at(v, 0).is_null()))),
    row("none", 1, 1, |v, _| Ok(Value::Bool(at(v, 0).is_null()))),
    row("even", 1, 1, |v, _| rest(at(v, 0), &Value::Whole(2)).map(|rest| Value::Bool(rest == 0))),
    row("odd", 1, 1, |v, _| rest(at(v, 0), &Value::Whole(2)).map(|rest| Value::Bool(rest != 0))),
    row("iterable", 1, 1, |v, _| Ok(Value::Bool(at(v, 0).count().is_some()))),
    row("same as", 2, 2, |v, budget| Ok(Value::Bool(same(at(v, 0), at(v, 1), budget)?))),
    row("divisible by", 2, 2, |v, _| rest(at(v, 0), at(v, 1)).map(|rest| Value::Bool(rest == 0))),
];

fn named(table: &'static [Function], name: &str) -> Option<&'static Function> {
    table.iter().find(|function| function.name == name)
}

pub(super) fn operator(name: &str) -> Option<&'static Function> {
    named(OPERATORS, name)
}

pub(super) fn function(name: &str) -> Option<&'static Function> {
    named(FUNCTIONS, name)
}

pub(super) fn filter(name: &str) -> Option<&'static Function> {
    named(FILTERS, name)
}

pub(super) fn test(name: &str) -> Option<&'static Function> {
    named(TESTS, name)
}

const NOT_A_NUMBER: &str = "there is a value that is not a number";

/// One of the values; how many there are was checked when the template was read.
fn at<'v, 'a>(values: &'v [Value<'a>], place: usize) -> &'v Value<'a> {
    values.get(place).unwrap_or(&Value::Null)
}

/// Whole numbers stay whole until they grow too large, as in PHP.
fn arithmetic<'a>(v: &[Value<'_>], whole: fn(i64, i64) -> Option<i64>, real: fn(f64, f64) -> f64) -> Made<'a> {
    let (left, right) = (at(v, 0).number().ok_or(NOT_A_NUMBER)?, at(v, 1).number().ok_or(NOT_A_NUMBER)?);
    let exact = match (left, right) {
        (Number::Whole(left), Number::Whole(right)) => whole(left, right),
        _ => None,
    };
    Ok(exact.map_or_else(|| Number::Real(real(left.real(), right.real())), Number::Whole).into())
}

fn divide<'a>(v: &[Value<'_>], whole: fn(i64, i64) -> Option<i64>, real: fn(f64, f64) -> f64) -> Made<'a> {
    match at(v, 1).number() {
        Some(number) if number.real() == 0.0 => Err("something is divided by zero"),
        _ => arithmetic(v, whole, real),
    }
}

fn whole_quotient(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    if a.checked_rem(b)? != 0 && (a < 0) != (b < 0) { quotient.checked_sub(1) } else { Some(quotient) }
}

/// What is left of a division of whole numbers; what is behind a point does not count.
fn rest(value: &Value<'_>, by: &Value<'_>) -> Result<i64, &'static str> {
    let (value, by) = (value.number().ok_or(NOT_A_NUMBER)?.whole(), by.number().ok_or(NOT_A_NUMBER)?.whole());
    if by == 0 { Err("something is divided by zero") } else { Ok(value.checked_rem(by).unwrap_or_default()) }
}

fn ordered<'a>(v: &[Value<'a>], holds: fn(Ordering) -> bool, budget: &mut Budget) -> Made<'a> {
    Ok(Value::Bool(compare(at(v, 0), at(v, 1), budget)?.is_some_and(holds)))
}

/// Both values, when both are texts.
fn texts_of<'v>(v: &'v [Value<'_>]) -> Option<(&'v str, &'v str)> {
    at(v, 0).as_str().zip(at(v, 1).as_str())
}

/// A list, or an object when there are names among the keys; only they are kept.
fn renumbered<'a>(pairs: impl Iterator<Item = (Value<'a>, Value<'a>)>) -> Value<'a> {
    let pairs: Vec<_> = pairs.collect();
    if !pairs.iter().any(|(key, _)| key.is_text()) {
        return pairs.into_iter().map(|(_, value)| value).collect::<Vec<_>>().into();
    }
    let mut place = 0_usize;
    let mut numbered = |key: Value<'a>| {
        if key.is_text() {
            return key;
        }
        place = place.saturating_add(1);
        place.saturating_sub(1).into()
    };
    Value::Object(pairs.into_iter().map(|(key, value)| (numbered(key), value)).collect())
}

fn contains(v: &[Value<'_>], budget: &mut Budget) -> Result<bool, &'static str> {
    let (item, list) = (at(v, 0), at(v, 1));
    if let Some(list) = list.as_str() {
        // Only texts and numbers can be in a text.
        let can_be = matches!(item, Value::Whole(_) | Value::Real(_)) || item.is_text();
        return Ok(can_be && list.contains(&*item.text()));
    }
    for known in list.values() {
        if equal(&known, item, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn spread<'a>(v: &[Value<'a>]) -> Vec<Value<'a>> {
    match v {
        [list] => list.values(),
        _ => v.to_vec(),
    }
}

fn range<'a>(v: &[Value<'a>], budget: &mut Budget) -> Made<'a> {
    const TOO_LONG: &str = "the range is too long";
    let whole = |value: &Value<'_>| match value.number() {
        Some(Number::Whole(number)) => Ok(number),
        _ => Err("a range needs whole numbers"),
    };
    let (low, high) = (whole(at(v, 0))?, whole(at(v, 1))?);
    let step = v.get(2).map_or(Ok(1), whole)?.saturating_abs().max(1);
    let distance = high.checked_sub(low).ok_or(TOO_LONG)?;
    let count = distance.saturating_abs() / step;
    if count >= LONGEST_RANGE {
        return Err(TOO_LONG);
    }
    budget.spend(usize::try_from(count).unwrap_or_default())?;
    let signed = if distance < 0 { step.saturating_neg() } else { step };
    let items = (0..=count).map(|i| Value::Whole(low.saturating_add(i.saturating_mul(signed))));
    Ok(items.collect::<Vec<_>>().into())
}

fn abs<'a>(v: &[Value<'a>], _: &mut Budget) -> Made<'a> {
    match at(v, 0).number().ok_or(NOT_A_NUMBER)? {
        Number::Whole(number) => Ok(Value::Whole(number.saturating_abs())),
        Number::Real(number) => Ok(Value::Real(number.abs())),
    }
}

fn escape<'a>(v: &[Value<'a>], budget: &mut Budget) -> Made<'a> {
    if v.get(1).is_some_and(|strategy| strategy.text() != "html") {
        return Err("only HTML is escaped");
    }
    let text = at(v, 0).text();
    budget.make(text.len().saturating_mul(2))?;
    budget.text(texts::escape(&text))
}

fn join<'a>(v: &[Value<'a>], budget: &mut Budget) -> Made<'a> {
    if at(v, 0).count().is_none() {
        return budget.text(at(v, 0).text());
    }
    let glue = v.get(1).map(Value::text).unwrap_or_default();
    let mut joined = String::new();
    for (place, item) in at(v, 0).values().iter().enumerate() {
        let item = item.text();
        budget.make(item.len().saturating_add(glue.len()))?;
        if place > 0 {
            joined.push_str(&glue);
        }
        joined.push_str(&item);
    }
    Ok(joined.into())
}

/// What was put in is not looked at again, and the longest that fits is replaced first.
fn replace<'a>(v: &[Value<'a>], budget: &mut Budget) -> Made<'a> {
    if at(v, 1).count().is_none() {
        return Err("`replace` needs an object such as `{'old': 'new'}`");
    }
    let (text, pairs) = (at(v, 0).text(), at(v, 1).pairs());
    let mut pairs: Vec<_> = pairs.iter().map(|(from, to)| (from.text(), to.text())).collect();
    pairs.retain(|(from, _)| !from.is_empty());
    pairs.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    budget.spend(text.len().saturating_mul(pairs.len()) / 32)?;
    budget.make(text.len())?;
    let mut replaced = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(next) = rest.chars().next() {
        let found = pairs.iter().find_map(|(from, to)| Some((rest.strip_prefix(&**from)?, to)));
        if let Some((after, to)) = found {
            budget.make(to.len())?;
            replaced.push_str(to);
            rest = after;
        } else {
            replaced.push(next);
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
    }
    Ok(replaced.into())
}

fn split<'a>(v: &[Value<'a>], budget: &mut Budget) -> Made<'a> {
    let (text, delimiter) = (at(v, 0).text(), at(v, 1).text());
    let pieces: Vec<String> = if delimiter.is_empty() {
        budget.spend(text.len())?;
        text.chars().map(|c| c.to_string()).collect()
    } else {
        budget.spend(text.matches(&*delimiter).count())?;
        text.split(&*delimiter).map(str::to_owned).collect()
    };
    budget.make(text.len())?;
    Ok(pieces.into_iter().map(Value::from).collect::<Vec<_>>().into())
}

fn slice<'a>(v: &[Value<'a>], budget: &mut Budget) -> Made<'a> {
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
    let whole = |value: &Value<'_>| match value.number() {
        Some(Number::Whole(number)) => Ok(number),
        _ => Err("a slice needs whole numbers"),
    };
    let start = whole(at(v, 1))?;
    let length = v.get(2).filter(|length| !length.is_null()).map(whole).transpose()?;
    if at(v, 0).count().is_some() {
        return Ok(renumbered(part(&at(v, 0).pairs(), start, length).into_iter()));
    }
    let text = at(v, 0).text();
    budget.spend(text.len())?;
    budget.text(part(&text.chars().collect::<Vec<_>>(), start, length).into_iter().collect::<String>())
}

fn real(value: &Value<'_>) -> Result<f64, &'static str> {
    value.number().map(Number::real).ok_or(NOT_A_NUMBER)
}

fn places(value: Option<&Value<'_>>) -> Result<i32, &'static str> {
    match value.map_or(Some(Number::Whole(0)), Value::number) {
        Some(Number::Whole(places)) => Ok(i32::try_from(places.clamp(-15, 15)).unwrap_or_default()),
        _ => Err("the number of places is not a whole number"),
    }
}

fn number_format<'a>(v: &[Value<'a>], budget: &mut Budget) -> Made<'a> {
    let mark =
        |place, usual| v.get(place).filter(|mark: &&Value<'_>| !mark.is_null()).map_or_else(|| usual, Value::text);
    let (point, comma) = (mark(2, ".".into()), mark(3, ",".into()));
    // No number has more than 309 digits.
    budget.make(comma.len().saturating_mul(103).saturating_add(point.len()))?;
    budget.text(texts::number_format(real(at(v, 0))?, places(v.get(1))?, &point, &comma))
}
