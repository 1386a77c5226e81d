//! Where settings come from and what they do.

use mailferry::config::{SETTINGS, Setting, Settings, Sources};
use mailferry::transport::{ErrorKind, Transport};
use mailferry::{MailerSend, Message};
use serde_json::json;

use crate::capture::{Answer, Capture};
use crate::support::{basic, builder, message, to};

fn env(variables: &[(&str, &str)]) -> Settings {
    Sources::new().env(variables.iter().copied()).load().unwrap()
}

/// The token that a transport with these settings sends.
async fn token_of(sources: Sources) -> Option<String> {
    let server = Capture::accepting().await;
    let settings = sources.set("MAILERSEND_API_URL", server.url()).load().unwrap();
    settings.mailersend().unwrap().send(&basic(json!({}))).await.unwrap();
    server.only().header("authorization").map(str::to_owned)
}

/// What the settings are refused with.
#[track_caller]
fn refused(name: &str, value: &str) -> mailferry::transport::Error {
    let loaded = Sources::new().env([(name, value), ("MAILERSEND_API_TOKEN", "mlsn.1")]).load();
    let error = loaded.and_then(|settings| settings.mailer()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains(name), "{error}");
    error
}

/// CFG-01, ERR-10: a missing token is noticed before any message, and every place is named.
#[test]
fn a_missing_token_names_every_place() {
    let error = env(&[]).mailersend().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for place in [
        "given by the program",
        "MAILFERRY_MAILERSEND_API_TOKEN",
        "variable MAILERSEND_API_TOKEN",
        "`mailersend.api_token`",
    ] {
        assert!(error.to_string().contains(place), "{place} is not in: {error}");
    }
    assert_eq!(MailerSend::builder().build().unwrap_err().kind(), ErrorKind::Config);
}

/// CFG-02: given by the program, then the variable meant for this library alone, then the plain one.
#[tokio::test]
async fn the_first_place_that_has_a_value_counts() {
    let both = [("MAILERSEND_API_TOKEN", "plain"), ("MAILFERRY_MAILERSEND_API_TOKEN", "prefixed")];
    assert_eq!(token_of(Sources::new().env([both[0]])).await.unwrap(), "Bearer plain");
    assert_eq!(token_of(Sources::new().env(both)).await.unwrap(), "Bearer prefixed");
    assert_eq!(token_of(Sources::new().env(both).set("MAILERSEND_API_TOKEN", "given")).await.unwrap(), "Bearer given");
}

/// CFG-02: the file comes last, and a value's origin is known.
#[cfg(feature = "toml")]
#[tokio::test]
async fn a_file_counts_when_nothing_else_is_set() {
    let file = "requests_timeout = [5, 0.5]\n[mailersend]\napi_token = \"filed\"\n";
    assert_eq!(token_of(Sources::new().file("m.toml", file)).await.unwrap(), "Bearer filed");
    let sources = Sources::new().env([("MAILERSEND_API_TOKEN", "plain")]).file("m.toml", file);
    assert_eq!(token_of(sources).await.unwrap(), "Bearer plain");
    let settings = Sources::new().file("m.toml", file).load().unwrap();
    let origin = settings.origin("MAILERSEND_API_TOKEN").unwrap().to_string();
    assert_eq!(origin, "`mailersend.api_token` in m.toml");
    assert_eq!(settings.shown(Setting::named("MAILERSEND_API_TOKEN").unwrap()), "(hidden)");
}

/// A mistake in the file is named by its line, without quoting the line.
#[cfg(feature = "toml")]
#[test]
fn a_file_that_cannot_be_read_is_refused_without_quoting_it() {
    let error = Sources::new().file("m.toml", "[mailersend]\napi_token = \"mlsn.secret\n").load().unwrap_err();
    assert!(error.to_string().starts_with("m.toml, line 2"), "{error}");
    assert!(!format!("{error} {error:?}").contains("mlsn.secret"), "{error}");
    let error = Sources::new().file("m.toml", "[mailersend]\napi_tokn = \"x\"\n").load().unwrap_err();
    assert_eq!(error.remedy(), Some("did you mean `mailersend.api_token`?"));
}

/// CFG-03: an empty token is an error, and so is one that could start a header of its own.
#[test]
fn a_token_that_cannot_be_one_is_refused_without_quoting_it() {
    for (token, said) in [
        ("", "is empty"),
        ("mlsn.marker\r\nX-Injected: 1", "line break"),
        ("mlsn.marker\n", "line break"),
        ("mlsn.marker 1", "a space"),
        ("mlsn.märker", "beyond ASCII"),
    ] {
        let error = refused("MAILERSEND_API_TOKEN", token);
        assert!(error.to_string().contains(said), "{error}");
        assert!(!error.to_string().contains("marker"), "{error}");
        let error = MailerSend::new(token).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

/// CFG-05: the end point is joined to the base URL, with or without a slash; what would be lost is refused.
#[tokio::test]
async fn the_base_url_may_end_with_a_slash() {
    let server = Capture::accepting().await;
    for base in ["api/v9", "api/v9/"] {
        let url = server.url().replace("v1/", base);
        builder().api_url(url).build().unwrap().send(&basic(json!({}))).await.unwrap();
    }
    let paths: Vec<_> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/api/v9/email", "/api/v9/email"]);
    for url in [
        "https://h.example/v9?x=1",
        "https://h.example/v1/#f",
        "h.example",
        "ftp://h.example/",
        "https://u:p@h.example/",
    ] {
        refused("MAILERSEND_API_URL", url);
        assert_eq!(builder().api_url(url).build().unwrap_err().kind(), ErrorKind::Config, "{url}");
    }
}

/// CFG-06, CFG-10, CFG-14: switches are obeyed, and a value that is none is refused.
#[tokio::test]
async fn switches() {
    let everyone_refused =
        json!({"warnings": [{"type": "ALL_SUPPRESSED", "recipients": [{"email": "ann@one.example"}]}]});
    let server = Capture::start([Answer::json(202, &everyone_refused)]).await;
    let url = server.url();
    let basics = [("MAILERSEND_API_TOKEN", "mlsn.1"), ("MAILERSEND_API_URL", url.as_str())];
    let fancy = basic(json!({"metadata": {"k": "v"}}));
    let mailer = |more: &[(&str, &str)]| env(&[&basics[..], more].concat()).mailer().unwrap();
    let error = mailer(&[]).send(&fancy).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let error = mailer(&[("IGNORE_UNSUPPORTED_FEATURES", "true")]).send(&fancy).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let all = [("IGNORE_UNSUPPORTED_FEATURES", "1"), ("IGNORE_RECIPIENT_STATUS", "yes")];
    let status = mailer(&all).send(&fancy).await.unwrap();
    assert!(status.is_refused());
    assert_eq!(status.dropped().len(), 1);
    for name in
        ["IGNORE_UNSUPPORTED_FEATURES", "IGNORE_RECIPIENT_STATUS", "DEBUG_API_REQUESTS", "MAILERSEND_CUSTOM_HEADERS"]
    {
        refused(name, "maybe");
    }
    for (name, value) in
        [("PREFLIGHT", "on"), ("TIME_ZONE", "Mars/Olympus"), ("REDIRECT_ALL_TO", "nobody"), ("REDIRECT_ALL_TO", "")]
    {
        refused(name, value);
    }
    for mode in ["nonsense", "", "USE-BULK-EMAIL"] {
        refused("MAILERSEND_BATCH_SEND_MODE", mode);
    }
}

/// CFG-11: seconds, a pair of them, or none.
#[test]
fn timeouts_are_seconds_or_a_pair_of_them() {
    for good in ["30", "0.5", "5,0.3", "none", "none,5"] {
        let settings = env(&[("MAILERSEND_API_TOKEN", "mlsn.1"), ("REQUESTS_TIMEOUT", good)]);
        assert!(settings.mailersend().is_ok(), "{good}");
    }
    for bad in ["", "0", "-1", "soon", "1,2,3", "NaN", "1e300"] {
        refused("REQUESTS_TIMEOUT", bad);
    }
}

/// CFG-08, CFG-09, CFG-12: defaults for MailerSend given by the program replace those of the environment, and the general ones
/// lie under both.
#[tokio::test]
async fn defaults_from_settings() {
    let server = Capture::accepting().await;
    let settings = Sources::new()
        .env([
            ("MAILERSEND_API_TOKEN", "mlsn.1"),
            ("MAILERSEND_API_URL", &server.url()),
            ("SEND_DEFAULTS", r#"{"from": "Shop <default@mail.example>", "tags": ["g"]}"#),
            ("MAILERSEND_SEND_DEFAULTS", r#"{"tags": ["esp"]}"#),
        ])
        .set("MAILERSEND_SEND_DEFAULTS", r#"{"track_clicks": true}"#)
        .load()
        .unwrap();
    let message = message(json!({"to": ["ann@one.example"], "subject": "Hello", "text": "Plain body"}));
    settings.mailer().unwrap().send(&message).await.unwrap();
    let body = server.only().json();
    assert_eq!(body["from"], json!({"email": "default@mail.example", "name": "Shop"}));
    assert_eq!(body["tags"], json!(["g"]));
    assert_eq!(body["settings"], json!({"track_clicks": true}));
    let error = refused("SEND_DEFAULTS", r#"{"tag": ["x"]}"#);
    assert!(error.to_string().contains("did you mean `tags`?"), "{error}");
    refused("SEND_DEFAULTS", "");
}

/// CFG-15, CFG-16: the secrets of webhooks are settings of their own, hidden, and not needed for sending.
#[test]
fn webhook_secrets_are_not_needed_for_sending_and_never_shown() {
    let names = ["MAILERSEND_SIGNING_SECRET", "MAILERSEND_INBOUND_SECRET", "WEBHOOK_SECRET", "MAILERSEND_API_TOKEN"];
    assert!(env(&[("MAILERSEND_API_TOKEN", "mlsn.1")]).mailersend().is_ok());
    for name in names {
        let setting = Setting::named(name).unwrap();
        assert_eq!(env(&[(name, "marker")]).shown(setting), "(hidden)");
        assert!(!format!("{:?}", env(&[(name, "marker")])).contains("marker"));
        assert_eq!(env(&[]).shown(setting), setting.default);
    }
    assert_eq!(SETTINGS.iter().filter(|setting| setting.secret).count(), names.len() + 1, "and the tokens by domain");
}

/// A default token is as secret as one that is a setting of its own.
#[test]
fn defaults_are_shown_without_tokens() {
    for name in ["SEND_DEFAULTS", "MAILERSEND_SEND_DEFAULTS"] {
        let shown = |json: &str| env(&[(name, json)]).shown(Setting::named(name).unwrap());
        let expected = r#"{"esp_extra":{"api-token":"(hidden)","settings":"(hidden)"},"tags":["t"]}"#;
        assert_eq!(
            shown(r#"{"tags": ["t"], "esp_extra": {"api-token": "marker", "settings": {"api_token": "marker"}}}"#),
            expected
        );
        assert!(!shown(r#"{"esp_extra": {"api_token": "marker"}"#).contains("marker"));
    }
}

/// What the program said stays where the settings say nothing: above all, redirection is not switched off.
#[tokio::test]
async fn settings_take_nothing_away() {
    use mailferry::memory::MemoryTransport;
    let memory = MemoryTransport::new();
    let program = mailferry::Mailer::builder(memory.clone())
        .defaults(mailferry::Defaults::new(Message::builder().tag("given").build().unwrap()))
        .redirect_all_to("trap@safe.example".parse::<mailferry::Mailbox>().unwrap());
    let mailer = program.clone().settings(&env(&[])).unwrap().build();
    mailer.send(&basic(json!({}))).await.unwrap();
    let set = env(&[("REDIRECT_ALL_TO", "other@safe.example"), ("SEND_DEFAULTS", r#"{"tags": ["set"]}"#)]);
    program.settings(&set).unwrap().build().send(&basic(json!({}))).await.unwrap();
    let seen: Vec<_> =
        memory.sent().iter().map(|sent| (sent.to()[0].address().to_string(), sent.tags().join(","))).collect();
    assert_eq!(seen, [("trap@safe.example".into(), "given".into()), ("other@safe.example".into(), "set".to_owned())]);
}

/// CFG-18: an unknown name is an error that suggests the nearest one.
#[test]
fn unknown_settings_are_named() {
    let error = Sources::new().env([("MAILFERRY_MAILERSEND_API_TOKN", "x")]).load().unwrap_err();
    assert!(error.to_string().contains("MAILFERRY_MAILERSEND_API_TOKN"), "{error}");
    assert_eq!(error.remedy(), Some("did you mean MAILERSEND_API_TOKEN?"));
    let error = Sources::new().set("NOPE", "x").load().unwrap_err();
    assert!(error.to_string().contains("NOPE"), "{error}");
    // Without the prefix a variable may be anybody's.
    assert!(Sources::new().env([("MAILERSEND_API_TOKN", "x"), ("PATH", "/bin")]).load().is_ok());
}

/// CFG-19: the token of the sender's domain, or of the nearest domain above; the message's own before both.
#[tokio::test]
async fn tokens_by_domain() {
    let server = Capture::accepting().await;
    let mailersend = env(&[
        ("MAILERSEND_API_TOKEN", "general"),
        ("MAILERSEND_API_TOKENS", "shop.example=for-shop, bücher.example = for-books"),
        ("MAILERSEND_API_URL", &server.url()),
    ])
    .mailersend()
    .unwrap();
    let cases = [
        ("a@SHOP.example", json!({}), "general", "for-shop"),
        ("a@news.shop.example", json!({}), "", "for-shop"),
        ("a@bücher.example", json!({}), "", "for-books"),
        ("a@xn--bcher-kva.example", json!({}), "", "for-books"),
        ("a@workshop.example", json!({}), "", "general"),
        ("a@shop.example", json!({"api_token": "own"}), "", "own"),
    ];
    for (from, extra, _, _) in &cases {
        mailersend.send(&basic(json!({"from": from, "esp_extra": extra}))).await.unwrap();
    }
    for (request, (from, _, _, token)) in server.requests().iter().zip(&cases) {
        assert_eq!(request.header("authorization").unwrap(), format!("Bearer {token}"), "{from}");
    }
    assert_eq!(server.requests().len(), cases.len());
    // The domain that counts is that of the sender whom the recipients see.
    for seen in [
        json!({"headers": {"From": "b@shop.example"}}),
        json!({"headers": {"From": "b@x.example"}, "esp_extra": {"from": {"email": "c@shop.example"}}}),
    ] {
        let ignoring = builder().token("general").token_for_domain("shop.example", "for-shop").api_url(server.url());
        ignoring.ignore_unsupported_features(true).build().unwrap().send(&basic(seen)).await.unwrap();
        assert_eq!(server.requests().last().unwrap().header("authorization"), Some("Bearer for-shop"));
    }
    // With tokens by domain alone, a sender from elsewhere has none.
    let only = env(&[("MAILERSEND_API_TOKENS", "shop.example=t")]).mailersend().unwrap();
    assert_eq!(only.send(&basic(json!({}))).await.unwrap_err().kind(), ErrorKind::Config);
    for bad in ["", "shop.example", "shop.example=", "=token", "no domain=token"] {
        let error = Sources::new().env([("MAILERSEND_API_TOKENS", bad)]).load().unwrap().mailersend().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{bad}");
    }
}

/// CFG-20, CFG-21: transports are values of their own, made once from their settings.
#[tokio::test]
async fn two_transports_side_by_side() {
    let server = Capture::accepting().await;
    let [one, two] = ["one", "two"].map(|token| builder().token(token).api_url(server.url()).build().unwrap());
    for mailersend in [&one, &two, &one] {
        mailersend.send(&basic(json!({}))).await.unwrap();
    }
    let tokens: Vec<_> =
        server.requests().iter().map(|request| request.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(tokens, ["Bearer one", "Bearer two", "Bearer one"]);
}

/// NET-12: a client of the program's own is used as it is.
#[tokio::test]
async fn a_client_of_the_programs_own() {
    let server = Capture::accepting().await;
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls()).user_agent("unused").build().unwrap();
    let mailersend = builder().api_url(server.url()).http_client(client).build().unwrap();
    mailersend.send(&basic(json!({}))).await.unwrap();
    assert_eq!(server.only().header("authorization"), Some("Bearer test-token"));
    drop(to(&server));
}

fn tls() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// NET-10: no messages, no connection.
#[tokio::test]
async fn no_messages_open_no_connection() {
    use mailferry::TransportExt as _;
    let server = Capture::accepting().await;
    assert!(to(&server).send_all(&[]).await.is_empty());
    let status = to(&server).send(&Message::default()).await.unwrap();
    assert!(status.is_empty());
    assert_eq!(server.connections(), 0);
}
