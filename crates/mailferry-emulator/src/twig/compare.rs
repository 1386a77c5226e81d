//! What is equal, and what comes first: PHP's answers for values of any two kinds.

use std::cmp::Ordering;

use super::library::Budget;
use super::value::{Number, Value};

type Compared<T> = Result<T, &'static str>;

/// What `<=>` says; `None` where PHP knows no order.
///
/// Beside a boolean or nothing, a value counts as true or false. Numbers and numeric texts are compared as numbers, all
/// else as text. A list is more than anything that is none, and one with more items is more than one with fewer.
pub(super) fn compare<'v>(left: &Value<'v>, right: &Value<'v>, budget: &mut Budget) -> Compared<Option<Ordering>> {
    let weight = |value: &Value<'_>| value.as_str().map_or(0, str::len) / 32;
    budget.spend(weight(left).max(weight(right)).saturating_add(1))?;
    Ok(match (left, right) {
        (Value::Null, text) | (text, Value::Null) if text.is_text() => Some(left.text().cmp(&right.text())),
        (Value::Null | Value::Bool(_), _) | (_, Value::Null | Value::Bool(_)) => Some(left.truth().cmp(&right.truth())),
        _ => match (left.count(), right.count()) {
            (Some(lefts), Some(rights)) if lefts == rights => return compare_items(left, right, budget),
            (None, None) => compare_scalars(left, right),
            // What is no list comes first.
            (lefts, rights) => Some(lefts.cmp(&rights)),
        },
    })
}

fn compare_items(left: &Value<'_>, right: &Value<'_>, budget: &mut Budget) -> Compared<Option<Ordering>> {
    for (key, value) in left.pairs() {
        budget.spend(right.search())?;
        let Some(other) = right.item(&key) else { return Ok(None) };
        match compare(&value, &other, budget)? {
            Some(Ordering::Equal) => {}
            decided => return Ok(decided),
        }
    }
    Ok(Some(Ordering::Equal))
}

fn compare_scalars(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left.number(), right.number()) {
        (Some(Number::Whole(left)), Some(Number::Whole(right))) => Some(left.cmp(&right)),
        (Some(left), Some(right)) => left.real().partial_cmp(&right.real()),
        _ => Some(left.text().cmp(&right.text())),
    }
}

/// Whether `==` holds.
pub(super) fn equal(left: &Value<'_>, right: &Value<'_>, budget: &mut Budget) -> Compared<bool> {
    Ok(compare(left, right, budget)? == Some(Ordering::Equal))
}

/// Whether they are equal and of one kind, and so is all that is in them.
pub(super) fn same(left: &Value<'_>, right: &Value<'_>, budget: &mut Budget) -> Compared<bool> {
    if left.count().is_some() && left.count() == right.count() {
        for (key, value) in left.pairs() {
            budget.spend(right.search())?;
            match right.item(&key) {
                Some(other) if same(&value, &other, budget)? => {}
                _ => return Ok(false),
            }
        }
        return Ok(true);
    }
    match (left, right) {
        (Value::Null, Value::Null) => Ok(true),
        (Value::Bool(_), Value::Bool(_)) | (Value::Whole(_), Value::Whole(_)) | (Value::Real(_), Value::Real(_)) => {
            equal(left, right, budget)
        }
        // Texts that are equal numbers are not the same text.
        _ => Ok(left.is_text() && left.as_str() == right.as_str()),
    }
}

/// Sorts by the second of each pair, and leaves what is equal in its order.
///
/// PHP's order is none: `9` comes before `10`, `10` before `1a`, and `1a` before `9`. The standard library's sort may
/// panic at that; merging does not mind.
pub(super) fn sort<'a>(
    mut pairs: Vec<(Value<'a>, Value<'a>)>,
    budget: &mut Budget,
) -> Compared<Vec<(Value<'a>, Value<'a>)>> {
    let mut run = 1_usize;
    while run < pairs.len() {
        let mut merged = Vec::with_capacity(pairs.len());
        let mut rest = pairs.into_iter().peekable();
        while rest.peek().is_some() {
            let left: Vec<_> = rest.by_ref().take(run).collect();
            let right: Vec<_> = rest.by_ref().take(run).collect();
            let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
            while let (Some((_, one)), Some((_, other))) = (left.peek(), right.peek()) {
                let is_later = compare(one, other, budget)? == Some(Ordering::Greater);
                merged.extend(if is_later { right.next() } else { left.next() });
            }
            merged.extend(left.chain(right));
        }
        pairs = merged;
        run = run.saturating_mul(2);
    }
    Ok(pairs)
}

/// The value that compares as `wanted` with all others: the largest, or the smallest. Of equal ones the first.
pub(super) fn extreme<'a>(values: Vec<Value<'a>>, wanted: Ordering, budget: &mut Budget) -> Compared<Value<'a>> {
    let mut values = values.into_iter();
    let mut found = values.next().ok_or("there is nothing to choose from")?;
    for value in values {
        if compare(&value, &found, budget)? == Some(wanted) {
            found = value;
        }
    }
    Ok(found)
}
