//! The OpenAPI description of what is emulated, put together from the routes and from what is written about each.
//!
//! The JSON files beside this one say what each route takes and answers; everything that many routes share (tokens, limits,
//! refusals, parameters) is said here, once. Tests compare the routes with the files, and answers with the schemas.

use serde_json::{Map, Value, json};

use crate::route::{self, Route};

/// Operations by method and pattern, as `route.rs` has them.
const API: [&str; 2] = [include_str!("api_mail.json"), include_str!("api_account.json")];
/// Operations by method and path below `/_emulator/`.
const INSPECTION: &str = include_str!("inspection.json");
const SCHEMAS: [&str; 4] = [
    include_str!("schemas_mail.json"),
    include_str!("schemas_account.json"),
    include_str!("schemas_settings.json"),
    include_str!("schemas_emulator.json"),
];

/// The headers that tell how much may be asked: of every answer that got so far.
const LIMITS: [&str; 4] = ["x-apiquota-remaining", "x-apiquota-reset", "x-ratelimit-limit", "x-ratelimit-remaining"];

/// Paths of the emulator's own that ask for no token.
const OPEN: [&str; 2] = ["/_emulator/health", "/_emulator/ready"];

/// What is emulated, as an OpenAPI 3.1 document: every route of MailerSend's API that there is, and the emulator's own
/// paths. The emulator serves it at `/_emulator/openapi.json`, too.
///
/// # Examples
///
/// ```
/// let description = mailferry_emulator::openapi();
/// assert!(description.contains("\"openapi\": \"3.1.0\""));
/// ```
pub fn openapi() -> String {
    serde_json::to_string_pretty(&document()).unwrap_or_default()
}

/// Where requests go is where the description came from.
pub(crate) fn document() -> Value {
    let mut paths = Map::new();
    let written = together(&API);
    for route in route::emulated() {
        let Some(about) = written.get(&format!("{} {}", route.method, route.pattern)) else { continue };
        let path = format!("/v1/{}", named(route.pattern, about));
        add(&mut paths, &path, route.method, api_operation(route, about));
    }
    for (key, about) in together(&[INSPECTION]) {
        let (method, path) = key.split_once(' ').unwrap_or((&key, ""));
        let path = format!("/_emulator/{path}");
        let path = path.trim_end_matches('/').to_owned();
        add(&mut paths, &path, method, inspection_operation(&path, &about));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Mailferry emulator",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
            "description": "MailerSend's API as the emulator answers it, from the documentation and from recorded traffic; \
                            the emulator's own paths. Any answer may have the headers `x-emulator-note`, which says more about a \
                            refusal, and `x-emulator-fault`, which names what went wrong on purpose.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": components(),
    })
}

/// Several files as one object.
fn together(files: &[&str]) -> Map<String, Value> {
    let read = |file: &&str| serde_json::from_str::<Map<String, Value>>(file).unwrap_or_default();
    files.iter().flat_map(read).collect()
}

/// A pattern whose variable segments have the names that `about` gives them.
fn named(pattern: &str, about: &Value) -> String {
    let mut names = about["path"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let segment = |segment: &str| {
        if segment == "*" || segment.contains('|') {
            format!("{{{}}}", names.next().unwrap_or("id"))
        } else {
            segment.to_owned()
        }
    };
    pattern.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn add(paths: &mut Map<String, Value>, path: &str, method: &str, operation: Value) {
    let entry = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
    if let Some(methods) = entry.as_object_mut() {
        methods.insert(method.to_ascii_lowercase(), operation);
    }
}

fn api_operation(route: &Route, about: &Value) -> Value {
    let mut operation = operation(about, &LIMITS);
    let lists = route.pattern.split('/').find(|segment| segment.contains('|'));
    let mut parameters: Vec<Value> = strings(&about["path"])
        .map(|name| match lists.filter(|_| name == "list") {
            Some(lists) => {
                let lists: Vec<_> = lists.split('|').collect();
                json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "enum": lists}})
            }
            None => json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}),
        })
        .collect();
    parameters.extend(strings(&about["query"]).map(query));
    operation.insert("parameters".to_owned(), parameters.into());
    if !route.scopes.is_empty() {
        let scopes = format!("A token with one of these scopes, or with all: `{}`.", route.scopes.join("`, `"));
        operation.insert("description".to_owned(), scopes.into());
    }
    let mut shared = vec![("401", "Unauthenticated"), ("403", "Forbidden"), ("421", "Maintenance"), ("429", "TooMany")];
    if !about["path"].is_null() && !about["path"].as_array().is_none_or(|names| names == &["list"]) {
        shared.push(("404", "Missing"));
    }
    if !about["body"].is_null() || !about["query"].is_null() {
        shared.push(("422", "Invalid"));
    }
    if let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        for (status, name) in shared {
            answers.entry(status).or_insert_with(|| json!({"$ref": format!("#/components/responses/{name}")}));
        }
    }
    operation.into()
}

fn inspection_operation(path: &str, about: &Value) -> Value {
    let mut operation = operation(about, &[]);
    let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let path_parameter = |name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    let parameters: Vec<Value> = names.map(path_parameter).chain(strings(&about["query"]).map(query)).collect();
    let has_names = path.contains('{');
    operation.insert("parameters".to_owned(), parameters.into());
    if let Some(description) = about.get("description") {
        operation.insert("description".to_owned(), description.clone());
    }
    if OPEN.contains(&path) {
        operation.insert("security".to_owned(), json!([]));
    } else if let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        let refusal = |status: &str, text: &str| {
            (status.to_owned(), answer(&json!({"description": text, "schema": refused()}), &[]))
        };
        answers.extend([refusal("401", "Other machines can reach it, and the token is missing.")]);
        if has_names {
            answers.extend([refusal("404", "There is no such thing.")]);
        }
    }
    operation.into()
}

/// What every operation has.
fn operation(about: &Value, headers: &[&str]) -> Map<String, Value> {
    let mut operation = Map::new();
    operation.insert("operationId".to_owned(), about["id"].clone());
    operation.insert("tags".to_owned(), json!([about["tag"]]));
    operation.insert("summary".to_owned(), about["summary"].clone());
    if let Some(body) = about.get("body") {
        let content = json!({"required": true, "content": {"application/json": {"schema": body}}});
        operation.insert("requestBody".to_owned(), content);
    }
    let answers = about["answers"].as_object().into_iter().flatten();
    let answers: Map<String, Value> = answers.map(|(status, about)| (status.clone(), answer(about, headers))).collect();
    operation.insert("responses".to_owned(), answers.into());
    operation
}

fn answer(about: &Value, shared: &[&str]) -> Value {
    let mut answer = json!({"description": about["description"]});
    let own: Vec<&str> = strings(&about["headers"]).collect();
    if !own.is_empty() || !shared.is_empty() {
        let reference = |name: &&str| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
        answer["headers"] = own.iter().chain(shared).map(reference).collect::<Map<_, _>>().into();
    }
    if let Some(schema) = about.get("schema") {
        answer["content"] = json!({"application/json": {"schema": schema}});
    } else if let Some(kind) = about["type"].as_str() {
        answer["content"] = json!({kind: {}});
    }
    answer
}

/// A parameter by its name; `!` marks one that is required, `[]` a list.
fn query(name: &str) -> Value {
    let (name, required) = match name.strip_suffix('!') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let schema = match name {
        "page" => json!({"type": "integer", "minimum": 1}),
        "limit" => json!({"type": "integer", "minimum": 10, "maximum": 100, "default": 25}),
        "date_from" | "date_to" => json!({"type": "integer", "description": "Unix seconds."}),
        "verified" => json!({"type": "boolean"}),
        name if name.ends_with("[]") => json!({"type": "array", "items": {"type": "string"}}),
        _ => json!({"type": "string"}),
    };
    json!({"name": name, "in": "query", "required": required, "schema": schema})
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn refused() -> Value {
    json!({"$ref": "#/components/schemas/Refusal"})
}

fn components() -> Value {
    let header = |text: &str, kind: &str| json!({"description": text, "schema": {"type": kind}});
    let refusal = |text: &str, schema: &str, headers: Map<String, Value>| {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        json!({"description": text, "headers": headers, "content": {"application/json": {"schema": schema}}})
    };
    let reference = |name: &&str| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
    let headers = |names: &[&str]| names.iter().map(reference).collect::<Map<_, _>>();
    let spent = [&LIMITS[..], &["retry-after", "x-ratelimit-reset"]].concat();
    json!({
        "securitySchemes": {"token": {
            "type": "http", "scheme": "bearer",
            "description": "A token of the emulator. Its own paths ask for one only where other machines can reach it.",
        }},
        "headers": {
            "x-message-id": header("The id of the message; absent when nobody is left to write to.", "string"),
            "x-send-paused": header("`true` when its domain is paused.", "string"),
            "x-apiquota-remaining": header("Requests that are left today; -1 without a limit.", "integer"),
            "x-apiquota-reset": header("When the day ends, in UTC.", "string"),
            "x-ratelimit-limit": header("Requests a minute; absent without a limit.", "integer"),
            "x-ratelimit-remaining": header("Requests that are left this minute; absent without a limit.", "integer"),
            "x-ratelimit-reset": header("When the minute ends, in Unix seconds; of a 429 only.", "integer"),
            "retry-after": header("Seconds to wait; of the limit of a minute only.", "integer"),
        },
        "responses": {
            "Unauthenticated": refusal("The token is missing or wrong.", "Refusal", Map::new()),
            "Forbidden": refusal("The account or the token may not do this.", "Refusal", headers(&LIMITS)),
            "Missing": refusal("There is no such thing.", "Refusal", headers(&LIMITS)),
            "Maintenance": refusal("The service is being maintained.", "Refusal", Map::new()),
            "Invalid": refusal("Fields are missing or wrong.", "Invalid", headers(&LIMITS)),
            "TooMany": refusal("The limit of a minute (MS42903) or of a day (MS42901) is reached.", "Refusal", headers(&spent)),
        },
        "schemas": together(&SCHEMAS),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// No route without a word about it, and no word about what there is not.
    #[test]
    fn every_route_is_described_and_nothing_else() {
        let routes: BTreeSet<_> =
            route::emulated().map(|route| format!("{} {}", route.method, route.pattern)).collect();
        let described: BTreeSet<_> = together(&API).into_iter().map(|(key, _)| key).collect();
        assert_eq!(described, routes);
        let parts: usize = API.iter().map(|file| serde_json::from_str::<Map<String, Value>>(file).unwrap().len()).sum();
        assert_eq!(parts, described.len(), "an operation is described in two files");
    }

    /// The inspection's areas say which paths are theirs in one way: `("GET", ["emails", id])`.
    #[test]
    fn every_path_of_the_emulator_is_described_and_nothing_else() {
        let pattern = regex_lite::Regex::new(r#"\("(GET|POST|PUT|DELETE)", \[([^\]]*)\]\)"#).unwrap();
        // What is asked for in another way, because it is answered in another way.
        let mut paths = BTreeSet::from(["DELETE ", "GET live", "POST session"].map(str::to_owned));
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inspection")).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            for found in pattern.captures_iter(&text) {
                let part = |part: &str| match part.trim().strip_prefix('"').and_then(|part| part.strip_suffix('"')) {
                    Some(fixed) => fixed.to_owned(),
                    None => "{}".to_owned(),
                };
                let parts: Vec<_> = found[2].split(',').map(part).collect();
                paths.insert(format!("{} {}", &found[1], parts.join("/")));
            }
        }
        let name = regex_lite::Regex::new(r"\{[^}]*\}").unwrap();
        let described: BTreeSet<_> =
            together(&[INSPECTION]).keys().map(|key| name.replace_all(key, "{}").into_owned()).collect();
        assert_eq!(described, paths);
    }

    /// Everything that is pointed to is there, every operation has a name of its own, and path parameters are declared.
    #[test]
    fn the_document_is_whole() {
        let document = document();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
        let mut names = BTreeSet::new();
        let mut used = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap().to_owned();
                assert!(names.insert(name.clone()), "{name} is there twice");
                assert!(!operation["responses"].as_object().unwrap().is_empty(), "{method} {path}");
                let declared = operation["parameters"].as_array().unwrap().iter();
                let declared: BTreeSet<_> =
                    declared.filter(|one| one["in"] == "path").map(|one| one["name"].as_str().unwrap()).collect();
                let wanted: BTreeSet<_> =
                    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
                assert_eq!(declared, wanted, "{method} {path}");
            }
            used.extend(
                methods
                    .to_string()
                    .split("components/schemas/")
                    .skip(1)
                    .map(|rest| rest.split('"').next().unwrap().to_owned()),
            );
        }
        let schemas = &document["components"]["schemas"];
        let inner = schemas.to_string() + &document["components"]["responses"].to_string();
        used.extend(inner.split("components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
        let known: BTreeSet<_> = schemas.as_object().unwrap().keys().cloned().collect();
        assert_eq!(used, known, "a schema is not used");
    }
}
