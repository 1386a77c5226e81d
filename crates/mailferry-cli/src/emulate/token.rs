//! The tokens that the emulator takes, from flags or from a variable.

use mailferry::transport::{Error, ErrorKind};
use mailferry_emulator::Builder;

use super::args::EmulateArgs;

/// The variable with a token. What stands on a command line can be seen by everybody on the machine, and is kept by shells;
/// and a container can be given a variable, where a token that is made up at each start would be another one each time.
pub(super) const VARIABLE: &str = "MAILFERRY_EMULATOR_TOKEN";

/// The tokens of the flags, or else that of the variable.
pub(super) fn given(args: &EmulateArgs) -> Result<Vec<String>, Error> {
    if !args.token.is_empty() || args.any_token {
        return Ok(args.token.clone());
    }
    let tokens = from_variable()?;
    if tokens.is_empty() && !args.scope.is_empty() {
        let text = "--scope says what a token may do, and no token is given";
        return Err(Error::new(ErrorKind::Config, text).with_remedy(format!("give --token, or set {VARIABLE}")));
    }
    Ok(tokens)
}

fn from_variable() -> Result<Vec<String>, Error> {
    match std::env::var_os(VARIABLE) {
        Some(token) if !token.is_empty() => {
            let token = token.into_string().map_err(|_| {
                // Not what it is: it may be the token, but for a letter.
                Error::new(ErrorKind::Config, format!("{VARIABLE} is no text"))
                    .with_remedy("give a token of letters and digits")
            })?;
            Ok(vec![token])
        }
        _ => Ok(Vec::new()),
    }
}

/// Where other machines can reach the emulator, its user knows the token beforehand.
pub(super) fn require(tokens: &[String], args: &EmulateArgs) -> Result<(), Error> {
    if !tokens.is_empty() || args.any_token {
        return Ok(());
    }
    let text = "an emulator that other machines can reach needs a token of your own";
    let remedy = format!("set {VARIABLE}, or give --token, which others on this machine can see");
    Err(Error::new(ErrorKind::Config, text).with_remedy(remedy))
}

pub(super) fn set_up(mut builder: Builder, tokens: &[String], args: &EmulateArgs) -> Builder {
    for token in tokens {
        builder = if args.scope.is_empty() { builder.token(token) } else { builder.scoped_token(token, &args.scope) };
    }
    if args.any_token { builder.any_token() } else { builder }
}
