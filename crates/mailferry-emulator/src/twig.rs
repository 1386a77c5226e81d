//! Templates in the style of Twig.

use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;

/// One compiled text.
pub(crate) struct Template {
    environment: Environment<'static>,
}

impl Template {
    pub(crate) fn compile(source: &str, _subject: bool) -> Option<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.add_template_owned("text", source.to_owned()).ok()?;
        Some(Self { environment })
    }

    pub(crate) fn render(&self, data: &Value) -> Option<String> {
        self.environment.get_template("text").ok()?.render(convert(data)).ok()
    }
}

fn convert(data: &Value) -> minijinja::Value {
    match data {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(value) => minijinja::Value::from(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(convert).collect::<Vec<_>>().into(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.as_str(), convert(value)))
            .collect::<std::collections::BTreeMap<_, _>>()
            .into(),
    }
}
