//! `mailferry template`.

use serde_json::{Value, json};

use crate::session::Session;

const MESSAGE: &str = r#"{"from": "shop@example.com", "to": ["ann@example.com", "bob@example.com"], "subject": "Hi {{ name }}",
    "template_id": "t1", "merge_global_data": {"shop": "Ours"},
    "merge_data": {"ann@example.com": {"name": "Ann", "age": 7}, "Bob@example.com": {"name": "Bob", "plan": {"tier": "pro"}}}}"#;

#[test]
fn a_good_template_is_ok() {
    let session = Session::bare().file("a.html", "<p>{{ name }} {{ plan.tier|default('free') }}</p>\n");
    session.run(["template", "check", "a.html"]).check(0, "a.html: ok\n  variables: name, plan.tier\n", "");
    let line = "{\"ok\":true,\"input\":\"a.html\",\"variables\":[\"name\",\"plan.tier\"],\"findings\":[]}\n";
    session.run(["--json", "template", "check", "a.html"]).check(0, line, "");
}

#[test]
fn a_mistake_is_shown_in_its_line() {
    let html = "<!-- mailferry\nsubject: {% if x %}Hi\n-->\n<p>\n  {{ name|shout }}</p>{$old}\n";
    let session = Session::bare().file("a.html", html).file("a.txt", "{{ 'open }}");
    let expected = "a.html: something is wrong\n\
        \u{20} error: a.html, subject, line 1: a subject may have values, but no conditions and no loops\n\
        \u{20} {% if x %}Hi\n\
        \u{20} ^\n\
        \u{20} error: a.html, line 5: there is no filter `shout`\n\
        \u{20}   {{ name|shout }}</p>{$old}\n\
        \u{20}           ^\n\
        \u{20} error: a.html, line 5: `{$old}` is the older syntax, and stays as it is; see mailferry template convert\n\
        \u{20} error: a.txt, line 1: the text is never closed with the quote that opened it\n\
        \u{20} {{ 'open }}\n\
        \u{20}    ^\n";
    session.run(["template", "check", "a.html"]).check(3, expected, "");
}

#[test]
fn long_lines_are_cut_to_80_columns() {
    let html = format!("{}{{{{ a| }}}}{}\n", "x".repeat(500), "y".repeat(500));
    let done = Session::bare().file("a.html", html).run(["template", "check", "a.html"]);
    assert_eq!(done.code, 3, "{done}");
    assert!(done.stdout.lines().all(|line| line.chars().count() <= 80), "{done}");
    let lines: Vec<Vec<char>> = done.stdout.lines().map(|line| line.chars().collect()).collect();
    let caret = lines[3].iter().position(|c| *c == '^').unwrap();
    assert_eq!(lines[2][caret..caret + 2], ['}', '}'], "{done}");
}

#[test]
fn a_template_is_compared_with_every_recipient() {
    let html = "{{ name }} {{ plan.tier }}\n{% if age is defined %}{{ age }}{% endif %}";
    let session = Session::bare().file("a.html", html).file("message.json", MESSAGE);
    let done = session.run(["--json", "template", "check", "a.html", "--message", "message.json"]);
    assert_eq!(done.code, 3, "{done}");
    let found: Vec<Value> = done.object()["findings"].as_array().unwrap().clone();
    let found: Vec<Value> = found
        .iter()
        .map(|one| json!([one["kind"], one["recipient"], one["name"], one["field"], one["line"]]))
        .collect();
    assert_eq!(
        found,
        [
            json!(["missing_variable", "ann@example.com", "plan", "html", 1]),
            json!(["unused", null, "shop", null, null]),
        ]
    );
    let done = session.run(["template", "check", "a.html", "--message", "message.json", "--subject", "{{ city }}"]);
    assert!(done.stdout.contains("error: --subject, line 1: `city` has no value in bob@example.com\n"), "{done}");
    assert_eq!(done.code, 3);
}

#[test]
fn a_template_is_compared_with_data() {
    let session =
        Session::bare().file("a.html", "{{ 1 / n }}").file("zero.json", "{\"n\": 0}").file("two.json", "{\"n\": 2}");
    session.run(["template", "check", "a.html", "--data", "two.json"]).check(0, "a.html: ok\n  variables: n\n", "");
    let done = session.run(["template", "check", "a.html", "--data", "zero.json"]);
    assert!(done.code == 3 && done.stdout.contains("something is divided by zero"), "{done}");
    let done = session.file("list.json", "[]").run(["template", "check", "a.html", "--data", "list.json"]);
    assert!(done.code == 3 && done.stderr.contains("list.json is not a JSON object"), "{done}");
}

#[test]
fn the_older_syntax_is_rewritten() {
    let session = Session::bare().file("a.html", "Hi {$name},\n{{ text }} {$in} {$9} {{unsubscribe}} {{$name}\n");
    let expected = "Hi {{ name }},\n{{ '{{' }} text }} {$in} {$9} {{unsubscribe}} {{ '{' }}{{ name }}\n";
    let told = "a.html, line 1: {$name} is now {{ name }}\n\
        a.html, line 2: {{ is now {{ '{{' }}\n\
        a.html, line 2: { is now {{ '{' }}\n\
        a.html, line 2: {$name} is now {{ name }}\n\
        warning: a.html, line 2: {$in} is left: `in` is a word of the advanced syntax, and cannot name a variable there\n";
    session.run(["template", "convert", "a.html"]).check(3, expected, told);
    let kept = session.run(["template", "convert", "--keep-tags", "a.html"]);
    assert_eq!(kept.stdout, "Hi {{ name }},\n{{ text }} {$in} {$9} {{unsubscribe}} {{{ name }}\n");
}

#[test]
fn files_are_written_in_place() {
    let session = Session::bare().file("a.html", "{$a}").file("b.html", "{{ b }} as it is");
    session.run(["template", "convert", "a.html", "b.html"]).check(
        2,
        "",
        "error: several templates would be printed as one\nhelp: use --write or --json, or name one file\n",
    );
    let told = "a.html, line 1: {$a} is now {{ a }}\nb.html: nothing to rewrite\n";
    session.run(["template", "convert", "--write", "a.html", "b.html"]).check(0, "", told);
    session.run(["template", "convert", "--json", "a.html"]).check(
        0,
        "{\"input\":\"a.html\",\"changes\":[],\"left\":[],\"text\":\"{{ a }}\"}\n",
        "",
    );
}

#[test]
fn messages_are_rewritten_with_their_values() {
    let message = r#"{"subject": "Hi {$name}", "variables": [{"email": "ann@example.com", "substitutions": [
        {"var": "name", "value": "Ann"}, {"var": "a.b", "value": "1"}, {"var": "unsubscribe", "value": "2"}]}],
        "personalization": [{"email": "Ann@example.com", "data": {"age": 7}}]}"#;
    let ours = r#"{"text": "{$name}", "esp_extra": {"variables": [{"email": "ann@example.com",
        "substitutions": [{"var": "name", "value": "Ann"}]}]}}"#;
    let session = Session::bare().file("theirs.json", message).file("ours.json", ours);
    let done = session.run(["template", "convert", "--message", "theirs.json"]);
    assert_eq!(done.code, 3, "{done}");
    assert_eq!(
        serde_json::from_str::<Value>(&done.stdout).unwrap(),
        json!({"subject": "Hi {{ name }}", "personalization": [{"email": "Ann@example.com", "data": {"age": 7, "name": "Ann"}}]})
    );
    assert!(done.stderr.contains("a.b is left") && done.stderr.contains("unsubscribe is left"), "{done}");
    let done = session.run(["template", "convert", "--message", "ours.json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&done.stdout).unwrap(),
        json!({"text": "{{ name }}", "merge_data": {"ann@example.com": {"name": "Ann"}}})
    );
    let done = session.file("no.json", "{").run(["template", "convert", "--message", "no.json"]);
    assert!(done.code == 3 && done.stderr.contains("no.json is not JSON"), "{done}");
}

#[test]
fn a_wrong_folder_of_templates_is_told_by_its_flag() {
    let session = Session::bare().file("a.html", "");
    let done = session.run(["emulate", "--listen", "127.0.0.1:0", "--templates", "."]);
    assert_eq!(done.code, 2, "{done}");
    assert!(
        done.stderr.starts_with("error: --templates: ") && done.stderr.contains("a.html, line 1: it is empty"),
        "{done}"
    );
}
