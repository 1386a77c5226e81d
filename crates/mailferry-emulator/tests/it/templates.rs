//! Stored templates, personalization, and what is said about both.

use std::fs;
use std::path::PathBuf;

use mailferry_emulator::{Email, Emulator, Template, WarningKind};
use serde_json::{Value, json};

use crate::client::{call, get, message, post, send, started};

const ID: &str = "0r83ql3jjz4zw1jm";

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mailferry-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.0.join(name), content).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn last(emulator: &Emulator) -> Email {
    emulator.emails().pop().unwrap()
}

fn warnings(email: &Email) -> Vec<(&'static str, &'static str, String)> {
    email.warnings().iter().map(|warning| (warning.field, warning.kind.as_str(), warning.name.clone())).collect()
}

fn personal(data: &Value) -> Value {
    json!([{"email": "ann@example.org", "data": data}])
}

async fn create(emulator: &Emulator, template: &Value) -> Value {
    let answer = post(emulator, "/v1/templates", template).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["data"].clone()
}

#[tokio::test]
async fn a_template_is_created_changed_used_and_deleted() {
    let emulator = started(|builder| builder).await;
    let domain_id = emulator.domain_id("example.com");
    let html = "<p>Hi {{ name }}, {% for item in items %}{{ item.title }} {% endfor %}{$old}</p>";
    let made = create(
        &emulator,
        &json!({"html": html, "auto_generate": true, "domain_id": domain_id, "tags": ["order"], "categories": ["shop"]}),
    )
    .await;
    assert_eq!(
        (&made["name"], &made["type"], &made["domain"]["id"]),
        (&json!("Template"), &json!("gh"), &json!(domain_id))
    );
    assert_eq!(made["variables"], json!({"variables": ["old"], "personalization": {"items": "", "name": ""}}));
    assert_eq!(made["template_stats"]["total"], 0);
    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/templates/{id}");

    let data = personal(&json!({"name": "Ann", "items": [{"title": "a"}, {"title": "b"}]}));
    let answer = send(&emulator, &json!({"template_id": id, "text": null, "personalization": data})).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let email = last(&emulator);
    assert_eq!((email.html(), email.text()), (Some("<p>Hi Ann, a b {$old}</p>"), Some("Hi Ann, a b {$old}\n")));
    assert_eq!(email.message().tags, ["order"]);
    assert_eq!(get(&emulator, &path).await.json()["data"]["template_stats"]["total"], 1);

    let changed =
        call(&emulator, "PUT", &path, r#"{"name": "Second", "html": "<b>{{ x }}</b>", "auto_generate": true}"#).await;
    assert_eq!((changed.status, &changed.json()["data"]["name"]), (200, &json!("Second")));
    send(&emulator, &json!({"template_id": id, "personalization": personal(&json!({"x": 1})), "tags": ["own"]})).await;
    let email = last(&emulator);
    assert_eq!(
        (email.html(), email.text(), &*email.message().tags),
        (Some("<b>1</b>"), Some("1\n"), &["own".to_owned()][..])
    );

    let at = emulator.clock().now().as_second() + 3600;
    send(&emulator, &json!({"template_id": id, "send_at": at})).await;
    let deleted = call(&emulator, "DELETE", &path, "").await;
    assert_eq!((deleted.status, deleted.body.len()), (200, 0));
    assert_eq!(deleted.header("content-type"), Some("text/html; charset=UTF-8"));
    assert_eq!(get(&emulator, &path).await.status, 404);
    assert_eq!(call(&emulator, "DELETE", &path, "").await.status, 404);
    assert_eq!(call(&emulator, "PUT", &path, "{}").await.status, 404);
    emulator.clock().advance(std::time::Duration::from_hours(2));
    assert_eq!(last(&emulator).status(), mailferry_emulator::EmailStatus::Queued, "its template is gone");
    // Other ids are still believed in; this one is known to be none.
    let gone = send(&emulator, &json!({"template_id": id})).await;
    assert_eq!(gone.json()["errors"]["template_id"], json!(["The selected template id is invalid."]));
    assert_eq!(send(&emulator, &json!({"template_id": ID})).await.status, 202);
    assert_eq!(warnings(&last(&emulator)), [("template_id", "unknown_template", ID.to_owned())]);
}

/// Rules that have a test of their own here.
pub(crate) const ELSEWHERE: [&str; 6] = [
    "template.not_api",
    "template_id.compiles",
    "variables.email.required",
    "variables.substitutions.required",
    "variables.substitutions.array",
    "variables.substitutions.pairs",
];

/// Rule, template, key and sentence.
#[rustfmt::skip] // a table: one line a case
pub(crate) fn cases() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let with = |field: &str, value: Value| {
        let mut template = json!({"html": "x", "text": "x"});
        template[field] = value;
        template
    };
    let long = |count: usize| json!("x".repeat(count));
    vec![
        ("template.name.string", with("name", json!(1)), "name", "The name must be a string. #MS42221"),
        ("template.name.length", with("name", long(51)), "name", "The name must not be greater than 50 characters."),
        ("template.html.required", json!({"text": "x"}), "html", "The html field is required. #MS42209"),
        ("template.html.string", with("html", json!(1)), "html", "The html must be a string. #MS42221"),
        ("template.html.size", with("html", long(2 * 1024 * 1024 + 1)), "html", "The html must not be greater than 2097152 characters."),
        ("template.text.required", json!({"html": "x"}), "text", "The text field is required. #MS42209"),
        ("template.text.string", with("text", json!(1)), "text", "The text must be a string. #MS42221"),
        ("template.text.size", with("text", long(2 * 1024 * 1024 + 1)), "text", "The text must not be greater than 2097152 characters."),
        ("template.auto_generate.boolean", with("auto_generate", json!("maybe")), "auto_generate", "The auto generate field must be true or false."),
        ("template.domain_id.known", with("domain_id", json!("0r83ql3jjz4zw1jm")), "domain_id", "The selected domain id is invalid."),
        ("template.categories.array", with("categories", json!("shop")), "categories", "The categories must be an array."),
        ("template.categories.string", with("categories", json!([1])), "categories.0", "The categories.0 must be a string. #MS42221"),
        ("template.tags.array", with("tags", json!("a")), "tags", "The tags must be an array."),
        ("template.tags.count", with("tags", json!(["1", "2", "3", "4", "5", "6"])), "tags", "The tags must not have more than 5 items."),
        ("template.tags.string", with("tags", json!([1])), "tags.0", "The tags.0 must be a string. #MS42221"),
        ("template.tags.length", with("tags", json!([long(192)])), "tags.0", "The tags.0 must not be greater than 191 characters."),
    ]
}

#[tokio::test]
async fn wrong_templates_are_refused() {
    let emulator = started(|builder| builder.templates([Template::new(ID).html("x")])).await;
    for (rule, template, field, sentence) in cases() {
        let answer = post(&emulator, "/v1/templates", &template).await;
        assert_eq!((answer.status, &answer.json()["errors"][field][0]), (422, &json!(sentence)), "{rule}");
    }
    let answer = call(&emulator, "PUT", &format!("/v1/templates/{ID}"), r#"{"name": "x"}"#).await;
    assert_eq!(answer.status, 403, "{}", answer.text());
    let noted = post(&emulator, "/v1/templates", &json!({"html": "a\n{{ b|shout }}", "text": "x"})).await;
    assert_eq!(noted.header("x-emulator-note"), Some("html, line 2, column 6: there is no filter `shout`"));
}

#[tokio::test]
async fn a_configured_template_has_content_and_defaults() {
    let template = Template::new(ID)
        .name("Shipped")
        .subject("Order {{ number }}")
        .from("shop@example.com")
        .html("<p>{{ number }}</p>")
        .text("{{ number }}");
    let emulator = started(|builder| builder.templates([template])).await;
    let shown = get(&emulator, "/v1/templates").await.json()["data"][0].clone();
    assert_eq!((&shown["name"], &shown["variables"]["personalization"]), (&json!("Shipped"), &json!({"number": ""})));
    let bare = json!({"template_id": ID, "from": null, "subject": null, "text": "not this", "html": "nor this",
        "personalization": personal(&json!({"number": 7}))});
    assert_eq!(send(&emulator, &bare).await.status, 202);
    let email = last(&emulator);
    assert_eq!((email.subject(), email.html(), email.text()), ("Order 7", Some("<p>7</p>"), Some("7")));
    assert!(email.warnings().is_empty());
    let unknown = send(&emulator, &json!({"template_id": "7nxe3yjmeq28vp0k"})).await;
    assert_eq!(unknown.status, 422);
}

#[tokio::test]
async fn a_template_that_does_not_compile_is_found_out_when_it_is_used() {
    let emulator = started(|builder| builder.templates([Template::new(ID).html("<p>\n{% if x %}")])).await;
    // Nothing is compiled without personalization.
    assert_eq!(send(&emulator, &json!({"template_id": ID})).await.status, 202);
    assert_eq!(warnings(&last(&emulator)), [("html", "not_compiled", String::new())]);
    let answer = send(&emulator, &json!({"template_id": ID, "personalization": personal(&json!({}))})).await;
    let sentence =
        "The value you provided in template id failed to compile. Please check the submitted text/html. #MS42213";
    assert_eq!((answer.status, &answer.json()["errors"]["template_id"][0]), (422, &json!(sentence)));
    let note = format!("template {ID}, html, line 2, column 1: this `if` has no `endif`");
    assert_eq!(answer.header("x-emulator-note"), Some(note.as_str()));
    let own = json!({"html": "ä {{ 1 / 0 }}", "personalization": personal(&json!({}))});
    let answer = send(&emulator, &own).await;
    assert_eq!(answer.header("x-emulator-note"), Some("html, line 1, column 8: something is divided by zero"));
}

#[tokio::test]
async fn missing_variables_are_empty_and_told_of_by_reader() {
    let emulator = started(|builder| builder).await;
    let html = "{{ name }}{{ plan.tier }}{{ a|default('x') }}{{ b ?? 'y' }}{% if c is defined %}{{ c }}{% endif %}\
        {% if name %}{{ untaken }}{% endif %}{{ unsubscribe }}{{ plan.seats }}{{ plan.seats }}";
    let message = json!({
        "to": [{"email": "ann@example.org"}, {"email": "Bob@example.org"}], "subject": "Hi {{ name }}", "html": html, "text": null,
        "personalization": [{"email": "bob@example.org", "data": {"name": "Bob", "plan": {"tier": "pro"}, "untaken": 1}}],
    });
    assert_eq!(send(&emulator, &message).await.status, 202);
    let emails = emulator.emails();
    assert_eq!((emails[0].subject(), emails[0].html()), ("Hi ", Some("xy{{unsubscribe}}")));
    let missing = |field, name: &str| (field, "missing_variable", name.to_owned());
    assert_eq!(warnings(&emails[0]), [missing("subject", "name"), missing("html", "name"), missing("html", "plan")]);
    assert_eq!(emails[1].html(), Some("Bobproxy1{{unsubscribe}}"));
    assert_eq!(warnings(&emails[1]), [missing("html", "plan.seats")]);
    let warning = &emails[1].warnings()[0];
    assert_eq!(warning.kind, WarningKind::MissingVariable);
    assert_eq!(warning.to_string(), "`plan.seats` has no value for this recipient, so nothing is shown in its place");
}

#[tokio::test]
async fn strict_variables_refuse_what_is_missing() {
    let emulator = started(|builder| builder.strict_variables(true)).await;
    let message = json!({"text": "Hi\n{{ name }} {{ other|default }}", "personalization": personal(&json!({}))});
    let answer = send(&emulator, &message).await;
    assert_eq!(answer.status, 422);
    assert!(answer.json()["errors"]["text"][0].as_str().unwrap().ends_with("#MS42213"));
    assert_eq!(answer.header("x-emulator-note"), Some("text, line 2, column 4: `name` is missing for ann@example.org"));
    let bulk = post(&emulator, "/v1/bulk-email", &json!([crate::client::message(&message)])).await;
    assert_eq!(bulk.status, 202);
    assert!(emulator.emails().is_empty());
}

#[tokio::test]
async fn the_simple_syntax_is_off_unless_allowed() {
    let message = json!({
        "subject": "Hi {$name}", "text": "{$name} {$city} {$9} {{ name }}", "html": "<p>{$name}</p>",
        "variables": [{"email": "ann@example.org", "substitutions": [{"var": "name", "value": "Ann {{ x }} {$city}"}]}],
    });
    let emulator = started(|builder| builder).await;
    assert_eq!(send(&emulator, &message).await.status, 202);
    let email = last(&emulator);
    assert_eq!((email.subject(), email.text()), ("Hi {$name}", Some("{$name} {$city} {$9} {{ name }}")));
    let simple = |field, name: &str| (field, "simple_syntax", name.to_owned());
    assert_eq!(
        warnings(&email),
        [
            simple("subject", "name"),
            simple("text", "name"),
            simple("text", "city"),
            ("text", "not_compiled", String::new()),
            simple("html", "name"),
        ]
    );

    let emulator = started(|builder| builder.simple_variables(true)).await;
    assert_eq!(send(&emulator, &message).await.status, 202);
    let email = last(&emulator);
    // What is filled in is not looked through again.
    assert_eq!(email.text(), Some("Ann {{ x }} {$city} {$city} {$9} {{ name }}"));
    assert_eq!(email.html(), Some("<p>Ann {{ x }} {$city}</p>"));
    assert_eq!(warnings(&email)[0], ("text", "not_compiled", String::new()));
    assert!(warnings(&email).contains(&("text", "missing_variable", "$city".to_owned())));

    let mut both = message.clone();
    both["personalization"] = personal(&json!({"name": "Advanced"}));
    send(&emulator, &both).await;
    assert_eq!(last(&emulator).text(), Some("Ann {{ x }} {$city} {$city} {$9} Advanced"));

    let check = |variables: Value, field: &'static str, sentence: &'static str| {
        let emulator = &emulator;
        async move {
            let answer = send(emulator, &json!({"variables": variables})).await;
            assert_eq!((answer.status, &answer.json()["errors"][field][0]), (422, &json!(sentence)));
        }
    };
    let elsewhere = "One or more emails in the variables field do not exist in the recipients field. #MS42217";
    check(json!([{"email": "eve@example.org", "substitutions": []}]), "variables", elsewhere).await;
    let pairs = |pair: Value| json!([{"email": "ann@example.org", "substitutions": [pair]}]);
    let wrong = "The variables.0.substitutions items must have a var and a value, both strings.";
    let missing = "The variables.0.substitutions field is required. #MS42209";
    check(json!([{"email": "ann@example.org"}]), "variables.0.substitutions", missing).await;
    let nobody = "The variables.0.email field is required. #MS42209";
    check(json!([{"substitutions": [{"var": "a", "value": "b"}]}]), "variables.0.email", nobody).await;
    let list = "The variables.0.substitutions must be an array.";
    check(json!([{"email": "ann@example.org", "substitutions": "a"}]), "variables.0.substitutions", list).await;
    for pair in [json!({"var": "a", "value": 1}), json!({"value": "1"}), json!({"var": "", "value": "1"}), json!("a")] {
        check(pairs(pair), "variables.0.substitutions", wrong).await;
    }
}

#[tokio::test]
async fn a_folder_is_read_and_read_again() {
    let folder = Folder::new("read-again");
    folder.write("shipped.html", &format!("<!-- mailferry\nsubject: Order {{{{ n }}}}\nfrom: shop@example.com\nid: {ID}\nname: Sent\n-->\n<p>{{{{ n }}}}</p>\n"));
    folder.write("shipped.txt", "No. {{ n }}\n");
    folder.write("welcome.html", "<p>Welcome</p>");
    folder.write("notes.md", "not a template");
    let emulator = started(|builder| builder.template_folder(&folder.0)).await;
    let listed = get(&emulator, "/v1/templates").await.json();
    let names: Vec<_> = listed["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Sent", "welcome"]);
    let welcome = listed["data"][1]["id"].as_str().unwrap().to_owned();
    let message = json!({"template_id": ID, "from": null, "subject": null, "text": null, "personalization": personal(&json!({"n": 5}))});
    assert_eq!(send(&emulator, &message).await.status, 202);
    let email = last(&emulator);
    assert_eq!((email.subject(), email.html(), email.text()), ("Order 5", Some("<p>5</p>\n"), Some("No. 5\n")));
    assert_eq!(email.message().from.as_ref().unwrap().email, "shop@example.com");

    folder.write("welcome.html", "<p>Welcome back</p>");
    folder.write("later.html", "<p>Later</p>");
    send(&emulator, &json!({"template_id": welcome})).await;
    assert_eq!(last(&emulator).html(), Some("<p>Welcome back</p>"));
    let again = started(|builder| builder.template_folder(&folder.0)).await;
    let ids =
        |listed: Value| listed["data"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
    let both = (ids(get(&emulator, "/v1/templates").await.json()), ids(get(&again, "/v1/templates").await.json()));
    assert_eq!(both.0, both.1, "ids are derived from names, always the same");
    assert!(both.0.contains(&json!(welcome)) && both.0.len() == 3);

    // What cannot be read stays as it was, and the page tells why.
    folder.write("welcome.html", "<!-- mailferry\ncolour: red\n-->\nx");
    let shown = get(&emulator, &format!("/_emulator/templates/{welcome}")).await.json();
    assert_eq!(shown["html"], "<p>Welcome back</p>");
    let problem = shown["problem"].as_str().unwrap();
    assert!(problem.ends_with("welcome.html, line 2: `colour` is none of subject, from, name and id"), "{problem}");
    fs::remove_file(folder.0.join("welcome.html")).unwrap();
    assert_eq!(get(&emulator, &format!("/v1/templates/{welcome}")).await.status, 404);
}

#[tokio::test]
async fn a_wrong_folder_is_refused_by_the_name_of_its_file() {
    let check = async |name: &str, content: &str, expected: &str| {
        let folder = Folder::new(name);
        folder.write("a.html", content);
        let refused = Emulator::builder().template_folder(&folder.0).start().await.unwrap_err().to_string();
        assert!(refused.ends_with(expected) && refused.contains("a.html"), "{refused}");
    };
    check("empty", "", "a.html, line 1: it is empty").await;
    check(
        "open",
        "<!-- mailferry\nsubject: x\n",
        "a.html, line 1: the head that `<!-- mailferry` begins is never ended by a line `-->`",
    )
    .await;
    check("twice", "<!-- mailferry\nname: x\nname: y\n-->\nx", "a.html, line 3: `name` stands there twice").await;
    check("from", "<!-- mailferry\nfrom: Ann\n-->\nx", "a.html, line 2: `from`: \"Ann\" is not an email address").await;
    check(
        "id",
        "<!-- mailferry\n\nid: abc\n-->\nx",
        "a.html, line 3: `id`: \"abc\" is not sixteen of the letters 0123456789degjklmnopqrvwxyz",
    )
    .await;
    let missing = Emulator::builder().template_folder("/nonexistent/templates").start().await.unwrap_err();
    assert!(missing.to_string().contains("/nonexistent/templates"), "{missing}");
    let folder = Folder::new("same");
    let same = format!("<!-- mailferry\nid: {ID}\n-->\nx");
    folder.write("a.html", &same);
    folder.write("b.html", &same);
    let refused = Emulator::builder().template_folder(&folder.0).start().await.unwrap_err().to_string();
    assert!(refused.contains("a.html") && refused.contains("b.html") && refused.contains(ID), "{refused}");
}

#[tokio::test]
async fn the_page_makes_changes_previews_and_sends() {
    let emulator = started(|builder| builder).await;
    let at = |path: &str| format!("/_emulator/templates{path}");
    let made =
        post(&emulator, &at(""), &json!({"name": "Hello", "subject": "Hi {{ name }}", "html": "<p>{{ name }}</p>"}))
            .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!((&made.json()["source"], &made.json()["variables"]), (&json!("page"), &json!(["name"])));
    let changed =
        call(&emulator, "PUT", &at(&format!("/{id}")), r#"{"text": "T {{ name }}", "html": ""}"#).await.json();
    assert_eq!(
        (&changed["html"], &changed["text"], &changed["subject"]),
        (&json!(null), &json!("T {{ name }}"), &json!("Hi {{ name }}"))
    );
    let sent =
        post(&emulator, &at(&format!("/{id}/send")), &json!({"to": "ann@example.org", "data": {"name": "Ann"}})).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    let email = last(&emulator);
    assert_eq!(
        (email.message_id(), email.subject(), email.text()),
        (sent.json()["message_id"].as_str().unwrap(), "Hi Ann", Some("T Ann"))
    );
    let listed = get(&emulator, &at("")).await.json();
    assert_eq!((&listed[0]["sent"], listed.as_array().unwrap().len()), (&json!(1), 1));
    let wrong = post(&emulator, &at(&format!("/{id}/send")), &json!({"to": "nobody", "data": {}})).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text());

    let preview = post(
        &emulator,
        &at("/preview"),
        &json!({"subject": "{{ a }}", "html": "<p>\n{{ b| }}", "text": "{$c}", "data": {}}),
    )
    .await
    .json();
    assert_eq!((&preview["subject"], &preview["html"], &preview["text"]), (&json!(""), &json!(null), &json!("{$c}")));
    assert_eq!(preview["error"]["field"], "html");
    assert_eq!((&preview["error"]["line"], &preview["error"]["excerpt"]), (&json!(2), &json!("{{ b| }}\n      ^")));
    let kinds: Vec<_> =
        preview["warnings"].as_array().unwrap().iter().map(|warning| warning["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["missing_variable", "simple_syntax"]);
    let preview = post(&emulator, &at("/preview"), &json!({"text": "{$c} {{ c }}", "data": {"c": 1}, "simple": true}))
        .await
        .json();
    assert_eq!((&preview["text"], &preview["warnings"]), (&json!("1 1"), &json!([])));

    let page =
        post(&emulator, &at("/preview"), &json!({"html": "<script>{{ c }}</script>", "data": {"c": 1}})).await.json();
    let shown = get(&emulator, page["html_url"].as_str().unwrap()).await;
    assert_eq!((shown.text(), shown.header("content-type")), ("<script>1</script>", Some("text/html; charset=utf-8")));
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.starts_with("sandbox; default-src 'none';") && !policy.contains("script"), "{policy}");
    assert_eq!(get(&emulator, &at("/preview/99")).await.status, 404);

    for (body, status) in [(r#"{"name": "x"}"#, 422), ("nonsense", 400), (r#"{"html": "x", "id": "short"}"#, 422)] {
        assert_eq!(call(&emulator, "POST", &at(""), body).await.status, status, "{body}");
    }
    assert_eq!(call(&emulator, "DELETE", &at(&format!("/{id}")), "").await.status, 204);
    assert_eq!(get(&emulator, &at(&format!("/{id}"))).await.status, 404);
}

#[tokio::test]
async fn a_message_may_not_become_much_too_large_for_all_its_readers_together() {
    let emulator = started(|builder| builder).await;
    let large = format!("{{% for i in 1..9999 %}}{}{{% endfor %}}", "x".repeat(1_000));
    let sent = |readers: usize| {
        let to: Vec<Value> = (0..readers).map(|i| json!({"email": format!("r{i}@example.org")})).collect();
        message(&json!({"to": to, "text": large, "personalization": [{"email": "r0@example.org", "data": {}}]}))
    };
    assert_eq!(post(&emulator, "/v1/email", &sent(2)).await.status, 202);
    let answer = post(&emulator, "/v1/email", &sent(8)).await;
    assert_eq!(answer.status, 422);
    assert!(answer.header("x-emulator-note").unwrap().ends_with("the text becomes too large"));
}
