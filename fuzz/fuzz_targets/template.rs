//! A template of the limited Twig, and after the first zero byte the JSON it is filled in with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailferry_emulator::twig::{Braces, Problem, Template, to_advanced};
use serde_json::{Value, json};

fn look_at(problem: &Problem, source: &str) {
    assert!(problem.line() >= 1 && problem.column() >= 1);
    assert!(problem.line() <= source.matches('\n').count() + 1, "{problem}");
    let _ = problem.excerpt(source, 40);
}

fuzz_target!(|input: &[u8]| {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let (source, data) = input.split_once('\0').unwrap_or((input, ""));
    let usual = || {
        json!({
            "a": {"b": -1, "c": [1, "2", null, true, 2.5, {"d": "1e3"}]}, "n": "9", "t": "ä<b>\r\n",
            "m": ["10", "1a", "9", "2", "8b", "", "1e1", "90", "0x1", "a", "-1", "7a", "30", "3a", "11", "5", "50a", "6", "66", "1b", "0", "00", "01a"],
        })
    };
    let data: Value = serde_json::from_str(data).unwrap_or_else(|_| usual());
    match Template::compile(source) {
        Err(problem) => look_at(&problem, source),
        Ok(template) => {
            let _ = template.variables();
            match template.render(&data) {
                Ok(rendered) => assert!(rendered.missing.len() <= 100, "{rendered:?}"),
                Err(problem) => look_at(&problem, source),
            }
        }
    }
    let converted = to_advanced(source, Braces::Quote);
    assert!(Template::compile(converted.text.as_str()).is_ok(), "{converted:?}");
});
