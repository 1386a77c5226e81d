//! The limited Twig of MailerSend's personalization (facts sheet 5.2), on top of minijinja.
//!
//! minijinja speaks Jinja, which looks alike and differs silently: ranges, loops over objects, what counts as true, how
//! numbers are written. So expressions are parsed here by Twig's rules and handed over as calls of functions that have
//! Twig's meaning (`library.rs`). What the documentation does not name is refused like any other mistake in a template
//! (MS42213) rather than rendered wrongly: `set`, macros, includes, blocks, and filters that are not listed.
//!
//! UNCERTAIN: missing variables are empty; nothing is escaped unless asked for; loops and filters beyond the six that
//! are documented exist; objects are walked in the order of their keys.

mod expression;
mod lexer;
mod library;
mod value;

use std::fmt::Write as _;
use std::io;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::Value;

use self::expression::Parser;
use self::lexer::{Close, lex};

/// The most steps one text may take to render: loops in loops end here.
const FUEL: u64 = 1_000_000;
/// The largest text that is rendered, in bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;
const NAME: &str = "text";

/// One compiled text.
pub(crate) enum Template {
    /// A text without any tag.
    Plain(String),
    Compiled(Box<Environment<'static>>),
}

impl Template {
    /// Compiles `source`. Conditions and loops are for text and HTML, not for a `subject` (documented; that they are a
    /// mistake there instead of ordinary text is UNCERTAIN).
    pub(crate) fn compile(source: &str, subject: bool) -> Option<Self> {
        if !["{{", "{%", "{#"].iter().any(|tag| source.contains(tag)) {
            return Some(Self::Plain(source.to_owned()));
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_formatter(|output, _, value| output.write_str(&value::text(value)).map_err(Into::into));
        // A word of the service: it becomes a link only when the mail is delivered (facts sheet 5.1).
        environment.add_global("unsubscribe", "{{unsubscribe}}");
        library::install(&mut environment);
        environment.add_template_owned(NAME, translate(source, subject)?).ok()?;
        Some(Self::Compiled(Box::new(environment)))
    }

    /// The text for someone with `data`; `None` when it cannot be rendered with them.
    pub(crate) fn render(&self, data: &Value) -> Option<String> {
        match self {
            Self::Plain(text) => Some(text.clone()),
            Self::Compiled(environment) => {
                let mut output = Limited(Vec::new());
                environment.get_template(NAME).ok()?.render_captured_to(value::convert(data), &mut output).ok()?;
                String::from_utf8(output.0).ok()
            }
        }
    }
}

/// Memory that refuses to hold more than [`MOST_BYTES`].
struct Limited(Vec<u8>);

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > MOST_BYTES {
            return Err(io::Error::other("the rendered text is too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Twig in, Jinja out.
fn translate(source: &str, subject: bool) -> Option<String> {
    let mut output = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((at, tag)) = next_tag(rest) {
        output.push_str(rest.get(..at)?);
        let inner = rest.get(at..)?.get(2..)?;
        if tag == "{#" {
            let end = inner.find("#}")?;
            let after = inner.get(end..)?.get(2..)?;
            rest = after.strip_prefix('\n').unwrap_or(after);
            continue;
        }
        let close = if tag == "{{" { Close::Output } else { Close::Tag };
        let trim_before = inner.starts_with('-');
        let lexed = lex(inner.strip_prefix('-').unwrap_or(inner), close)?;
        let mut parser = Parser::new(lexed.tokens);
        let translated = match close {
            Close::Output => parser.whole_expression()?,
            Close::Tag if subject => return None,
            Close::Tag => parser.statement()?,
        };
        let dash = |yes| if yes { "-" } else { "" };
        let (start, end) = if close == Close::Output { ("{{", "}}") } else { ("{%", "%}") };
        let _ = write!(output, "{start}{} {translated} {}{end}", dash(trim_before), dash(lexed.trim));
        // The line break after a statement belongs to it, as in PHP.
        rest = if close == Close::Tag { lexed.rest.strip_prefix('\n').unwrap_or(lexed.rest) } else { lexed.rest };
    }
    output.push_str(rest);
    if output.ends_with('\n') {
        // minijinja drops the last line break; Twig does not.
        output.push('\n');
    }
    Some(output)
}

fn next_tag(text: &str) -> Option<(usize, &str)> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find('{')?;
        match text.get(at..at + 2) {
            Some(tag @ ("{{" | "{%" | "{#")) => return Some((at, tag)),
            _ => from = at + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: Option<&str>) {
        let data = serde_json::json!({
            "name": "Ann", "n": 2, "half": 1.5, "zero": 0, "no": false, "yes": true, "nothing": null,
            "plan": {"tier": "pro", "seats": 3}, "items": ["a", "b", "c"], "empty": [], "price": "4.5",
            "html": "<b>", "people": [{"name": "X"}, {"name": "Y"}],
        });
        let rendered = Template::compile(source, false).and_then(|template| template.render(&data));
        assert_eq!(rendered.as_deref(), expected, "{source}");
    }

    #[test]
    fn values() {
        check("plain", Some("plain"));
        check("{{ name }}{{name}}{{ missing }}{{ missing.deep.x }}{{ nothing.x }}", Some("AnnAnn"));
        check("{{ plan.tier }} {{ plan['seats'] }} {{ items.1 }} {{ items[0] }}", Some("pro 3 b a"));
        check("{{ yes }}|{{ no }}|{{ nothing }}|{{ half }}|{{ 4 / 2 }}|{{ 7 / 2 }}", Some("1|||1.5|2|3.5"));
        check("{ name } {{ '{{ name }}' }}", Some("{ name } {{ name }}"));
        check("{{ \"a\\n'\" }}", Some("a\n'"));
    }

    #[test]
    fn arithmetic() {
        check("{{ n + n }} {{ n - 5 }} {{ n * 3 + 1 }} {{ 1 + n * 3 }} {{ (1 + n) * 3 }}", Some("4 -3 7 7 9"));
        check("{{ 7 // 2 }} {{ 7 % 4 }} {{ 2 ** 3 ** 2 }} {{ -n }} {{ price + 1 }}", Some("3 3 512 -2 5.5"));
        check("{{ name ~ ' ' ~ n ~ no }}", Some("Ann 2"));
        check("{{ 9223372036854775807 + 1 }}", Some("9.2233720368548E+18"));
        check("{{ 1 / 3 }} {{ 0.1 + 0.2 }} {{ 1 / 100000 }} {{ 100.5 * 2 }}", Some("0.33333333333333 0.3 1.0E-5 201"));
        check("{{ name + 1 }}", None);
        check("{{ 1 / 0 }}", None);
    }

    #[test]
    fn choices() {
        check("{{ missing ?? 'x' }}{{ nothing ?? name }}{{ name ?? 'x' }}", Some("xAnnAnn"));
        check("{{ n > 1 ? 'many' : 'one' }} {{ no ? 'y' }} {{ '' ?: 'e' }}", Some("many  e"));
        check("{{ missing ?? name|upper }}", Some("ANN"));
        check("{{ missing|default('friend') }} {{ ''|default('d') }} {{ zero|default('d') }}", Some("friend d 0"));
        check("{% if plan.tier == 'pro' %}pro{% else %}free{% endif %}", Some("pro"));
        check("{% if n == 1 %}1{% elseif n == 2 %}2{% else %}3{% endif %}", Some("2"));
        check("{% if not empty and items %}ok{% endif %}", Some("ok"));
        check("{% if '0' or zero or '' %}wrong{% endif %}", Some(""));
        check("{% if n == '2' and 'a' in items and 'n' in name and 'z' not in items %}ok{% endif %}", Some("ok"));
        check("{% if name starts with 'A' and name ends with 'n' %}ok{% endif %}", Some("ok"));
        check(
            "{% if missing is not defined and empty is empty and n is even and nothing is null %}ok{% endif %}",
            Some("ok"),
        );
        check("{% if n is divisible by(2) and n is same as(2) %}ok{% endif %}", Some("ok"));
    }

    #[test]
    fn loops() {
        check(
            "{% for i in items %}{{ loop.index }}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}",
            Some("1a,2b,3c"),
        );
        check("{% for i in 1..3 %}{{ i }}{% endfor %}", Some("123"));
        check("{% for v in plan %}{{ v }} {% endfor %}", Some("3 pro "));
        check("{% for k, v in plan %}{{ k }}={{ v }} {% endfor %}", Some("seats=3 tier=pro "));
        check("{% for k, v in items %}{{ k }}={{ v }} {% endfor %}", Some("0=a 1=b 2=c "));
        check("{% for p in people %}{{ p.name }}{% else %}none{% endfor %}", Some("XY"));
        check("{% for p in missing %}{{ p.name }}{% else %}none{% endfor %}", Some("none"));
    }

    #[test]
    fn filters() {
        check("{{ name|upper }} {{ name|lower|capitalize }} {{ items|length }} {{ name|length }}", Some("ANN Ann 3 3"));
        check(
            "{{ plan|keys|join(', ') }} {{ items|first }}{{ items|last }} {{ items|reverse|join }}",
            Some("seats, tier ac cba"),
        );
        check("{{ html|escape }} {{ html|e }} {{ html|raw }} {{ html }}", Some("&lt;b&gt; &lt;b&gt; <b> <b>"));
        check("{{ 1234.567|number_format(2) }} {{ 1234.5|number_format(1, ',', '.') }}", Some("1,234.57 1.234,5"));
        check("{{ 2.55|round(1) }} {{ -3|abs }} {{ '  x '|trim }} {{ 'a b'|title }}", Some("2.6 -3 x A B"));
        check("{{ \"a\nb\"|nl2br }} {{ '<p>a</p>'|striptags }}", Some("a<br />\nb a"));
        check(
            "{{ 'a-b'|replace({'a': '1', 'b': name}) }} {{ name|slice(0, 2) }} {{ 'a,b'|split(',')|last }}",
            Some("1-Ann An b"),
        );
        check("{{ 'a b&c'|url_encode }}", Some("a%20b%26c"));
    }

    #[test]
    fn whitespace() {
        check("a {{- name -}} b", Some("aAnnb"));
        check("{% if yes %}\nline\n{% endif %}\nend\n", Some("line\nend\n"));
        check("a{# comment {{ x #}b", Some("ab"));
    }

    #[test]
    fn mistakes() {
        for wrong in [
            "{{ name",
            "{{ }}",
            "{{ name| }}",
            "{{ name|unknown }}",
            "{{ a b }}",
            "{{ (name }}",
            "{% if %}x{% endif %}",
            "{% if yes %}",
            "{% endif %}",
            "{% for in x %}{% endfor %}",
            "{% set a = 1 %}",
            "{% include 'x' %}",
            "{% macro x() %}{% endmacro %}",
            "{{ _self }}",
            "{{ _add(1, 2) }}",
            "{{ dump() }}",
            "{{ name.upper() }}",
            "{{ '{{",
            "{{ (1..100000)|length }}",
            "{{ items[0:1] }}",
            "{{ 'a #{name}' }}{{ \"a #{name}\" }}",
            "{% unknown %}",
            "{{ name ? }}",
            "{{ @ }}",
            "{# open",
            "{{ items|join( }}",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn subjects_have_values_only() {
        assert!(Template::compile("{{ name|upper }}", true).is_some());
        assert!(Template::compile("{% if name %}x{% endif %}", true).is_none());
    }

    #[test]
    fn nothing_runs_away() {
        let loops = "{% for a in 1..9999 %}".repeat(4) + "x" + &"{% endfor %}".repeat(4);
        check(&loops, None);
        check(&format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000)), None);
        check(&format!("{{{{ {}1 }}}}", "-".repeat(10_000)), None);
        check(&format!("{{{{ {}1 }}}}", "1 + ".repeat(10_000)), None);
        check(&format!("{{{{ {}1 }}}}", "not ".repeat(10_000)), None);
        check(&format!("{{{{ a{} }}}}", ".b".repeat(10_000)), None);
        check(&"{% if yes %}".repeat(10_000), None);
        check(&("{% if yes %}".repeat(10_000) + &"{% endif %}".repeat(10_000)), None);
    }

    proptest::proptest! {
        #[test]
        fn any_template_ends_well(
            parts in proptest::collection::vec(proptest::sample::select(&[
                "{{", "}}", "{%", "%}", "{#", "#}", "-", " ", "\n", "if", "else", "elseif", "endif", "for", "endfor", "in", "is",
                "not", "a", "items", "loop", ".", "..", "|", "upper", "default", "slice", "range", "(", ")", "[", "]", "{", "}",
                ",", ":", "?", "??", "'", "\"", "\\", "1", "9223372036854775807", "0.5", "+", "*", "**", "/", "%", "//", "~", "==",
                "<", "and", "starts", "with", "ä", "😀", "same as", "divisible by", "empty",
            ]), 0..40),
        ) {
            let data = serde_json::json!({"a": {"b": -1}, "items": [1, "x", null, true, 2.5]});
            let source = parts.concat();
            for source in [source.clone(), format!("{{{{ {source} }}}}"), parts.join(" ")] {
                if let Some(template) = Template::compile(&source, false) {
                    let _ = template.render(&data);
                }
            }
        }
    }
}
