//! Whether the files for containers say what the command understands. There is nothing else that would try them.

use clap::Parser as _;

use crate::args::{Cli, Command};

use super::args::EmulateArgs;
use super::token::VARIABLE;

fn read(name: &str) -> String {
    let path = format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The words of the instruction, which are JSON.
fn words(dockerfile: &str, instruction: &str) -> Vec<String> {
    let joined = dockerfile.replace("\\\n", " ");
    let line = joined.lines().find(|line| line.starts_with(instruction)).unwrap();
    serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap()
}

#[track_caller]
fn parsed(words: &[String]) -> EmulateArgs {
    match Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{words:?}: {error}")).command {
        Command::Emulate(args) => *args,
        _ => panic!("{words:?} is not about the emulator"),
    }
}

/// The items of the first list called `name` in the part called `part`, whether they stand in lines or in brackets.
fn list(yaml: &str, part: &str, name: &str) -> Vec<String> {
    let mut lines = yaml.lines().skip_while(|line| line.trim() != format!("{part}:"));
    let line = lines.find(|line| line.trim_start().starts_with(&format!("{name}:"))).unwrap();
    let clean = |item: &str| item.trim().trim_matches('"').to_owned();
    if let Some((_, inside)) = line.split_once('[') {
        return inside.trim_end_matches(']').split(',').map(clean).collect();
    }
    let items = lines.map(str::trim).filter(|line| !line.starts_with('#'));
    items.map_while(|line| line.strip_prefix("- ")).map(clean).collect()
}

#[test]
fn the_image_starts_an_emulator_that_asks_for_a_token_of_ones_own() {
    let dockerfile = read("Dockerfile");
    let start = [words(&dockerfile, "ENTRYPOINT"), words(&dockerfile, "CMD")].concat();
    let args = parsed(&start);
    assert!(args.allow_remote && args.token.is_empty() && !args.any_token, "{args:?}");
    assert!(super::token::require(&[], &args).is_err());
    let port = args.listen.rsplit(':').next().unwrap();
    assert!(dockerfile.contains(&format!("EXPOSE {port}")));
    let folder = args.keeping.data.as_ref().and_then(|path| path.parent()).unwrap();
    assert!(dockerfile.contains(&format!("VOLUME {}\n", folder.display())));
    let check = parsed(&words(&dockerfile, "HEALTHCHECK"));
    assert_eq!(check.check, Some(format!("http://127.0.0.1:{port}")));
    // As root it would not have to be kept from anything.
    let user = dockerfile.find("\nUSER mailferry\n").unwrap();
    assert!(user < dockerfile.find("\nENTRYPOINT").unwrap() && dockerfile.contains("\nSTOPSIGNAL SIGTERM\n"));
}

#[test]
fn the_image_is_built_by_the_compiler_of_the_project() {
    let manifest = read("Cargo.toml");
    let version = manifest.split("rust-version = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(read("Dockerfile").contains(&format!("\nFROM rust:{version}-")), "{version}");
}

#[test]
fn the_services_start_and_nobody_else_reaches_them() {
    let (yaml, dockerfile) = (read("docker-compose.yml"), read("Dockerfile"));
    let args = parsed(&[words(&dockerfile, "ENTRYPOINT"), list(&yaml, "mail", "command")].concat());
    assert!(args.token.is_empty() && args.allow_remote, "{args:?}");
    let ports = list(&yaml, "mail", "ports");
    for address in [&args.listen, args.events.smtp.as_ref().unwrap()] {
        let port = address.rsplit(':').next().unwrap();
        assert!(ports.contains(&format!("127.0.0.1:{port}:{port}")), "{ports:?}");
    }
    assert_eq!(ports.len(), 2, "{ports:?}");
    let check = list(&yaml, "mail", "test");
    assert_eq!(check[0], "CMD");
    assert!(parsed(&check[1..]).check.is_some());
    // Whoever starts it chooses the token, and is told so.
    assert!(yaml.contains(&format!("{VARIABLE}: ${{{VARIABLE}:?")), "{yaml}");
    for url in args.events.webhook.iter().chain(&args.events.inbound_route) {
        assert!(super::postable(url, "--webhook").is_ok() && url.starts_with("http://app:"), "{url}");
    }
}
