//! The published error codes: what each means and what to do about it.
//!
//! Codes and their triggers are from the vendor's general API documentation (August 2026). The words are ours.

/// A published code.
#[derive(Debug)]
pub(crate) struct ErrorCode {
    pub(crate) code: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) remedy: &'static str,
}

/// Looks a code up.
pub(crate) fn published(code: &str) -> Option<&'static ErrorCode> {
    CODES.iter().find(|known| known.code == code)
}

/// The code at the end of a sentence: ` #MS` and four or five digits. Many sentences have none.
pub(crate) fn in_sentence(sentence: &str) -> Option<&str> {
    let (_, code) = sentence.trim_end().rsplit_once('#')?;
    let digits = code.strip_prefix("MS")?;
    (matches!(digits.len(), 4 | 5) && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}

const fn code(code: &'static str, meaning: &'static str, remedy: &'static str) -> ErrorCode {
    ErrorCode { code, meaning, remedy }
}

const CODES: &[ErrorCode] = &[
    code("MS40001", "the bulk request is malformed", "report it: the request was built wrongly, or changed on its way"),
    code("MS40301", "the token lacks a permission", "give the token full access to email, in the API token settings"),
    code("MS40302", "the account's access to the API is switched off", "write to MailerSend's support"),
    code("MS40303", "the account may not do this", "look at the account's status in the dashboard"),
    code("MS40304", "the account is suspended", "write to MailerSend's support"),
    code("MS40305", "this IP address is not allowed", "add it to the account's IP allowlist"),
    code(
        "MS42201",
        "an address is twice in one list",
        "take it out, or set the domain to ignore duplicated recipients",
    ),
    code("MS42202", "an attachment's content is not what its name says", "give it the extension of its real type"),
    code("MS42204", "the account's email quota is used up", "ask MailerSend's support to raise it"),
    code("MS42205", "too many recipients in one list", "at most 50 to, 10 cc, 10 bcc (10, 1 and 1 before approval)"),
    code("MS42206", "an attachment is over 25 MB", "send a link instead"),
    code("MS42207", "the sender's domain is not verified", "verify it in the dashboard, or send from one that is"),
    code("MS42208", "an address is not valid", "correct the address named"),
    code("MS42209", "a required field is missing", "give the field named"),
    code("MS42210", "the type of an attachment is not supported", "use a documented extension, or a zip archive"),
    code("MS42211", "there is no content", "give text, html or template_id"),
    code("MS42213", "a template does not compile", "correct its syntax"),
    code("MS42214", "a variable has a reserved name", "rename the variable"),
    code("MS42215", "an attachment is not base64", "report it: the request was changed on its way"),
    code("MS42216", "the account's plan does not include this", "upgrade the plan, or do without"),
    code("MS42217", "merge data names an address that is no recipient", "leave it out, or add the recipient"),
    code("MS42218", "send_at is not a Unix time", "give whole seconds since 1970"),
    code("MS42219", "send_at is in the past", "give a time within the next 72 hours"),
    code("MS42220", "a header's name has other characters than letters, digits and hyphens", "rename the header"),
    code("MS42221", "a field is not a string", "give a string"),
    code("MS42222", "the trial domain's email quota is used up", "verify a domain of your own"),
    code("MS42223", "there is a trial account already", "use that account"),
    code("MS42224", "templates need another permission", "add the permission to read own templates"),
    code("MS42225", "the trial domain has no unique recipients left", "verify a domain of your own"),
    code("MS42226", "the template's default domain is not verified", "verify it, or give a sender"),
    code("MS42227", "the body is not JSON", "report it: the request was changed on its way"),
    code("MS42228", "the body is not JSON", "report it: the request was changed on its way"),
    code("MS42229", "over 500 messages in one bulk request", "send fewer at once"),
    code("MS42230", "a bulk request without messages", "give at least one"),
    code("MS42231", "a bulk request holds something that is no message", "report it: the request was built wrongly"),
    code("MS42232", "a field is required for a custom user", "give the field named"),
    code("MS42901", "today's request quota is used up", "wait for midnight UTC, or upgrade the plan"),
    code("MS42903", "too many requests in this minute", "wait as long as the answer says"),
    code("MS5001", "the bulk request failed inside MailerSend", "ask for its state before sending again"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_ends_its_sentence() {
        assert_eq!(in_sentence("The from.email field is required. #MS42209"), Some("MS42209"));
        assert_eq!(in_sentence("Something unexpected happened. #MS5001 "), Some("MS5001"));
        for sentence in ["The url has already been taken.", "#MS", "#MS422", "#MS422091", "#MX42209", "#MS4220x", ""] {
            assert_eq!(in_sentence(sentence), None, "{sentence}");
        }
    }

    #[test]
    fn codes_are_sorted_and_single() {
        assert!(CODES.is_sorted_by(|a, b| (a.code.len(), a.code) != (b.code.len(), b.code)));
        assert_eq!(CODES.len(), 39, "the published list has 39");
        assert_eq!(published("MS42903").unwrap().meaning, "too many requests in this minute");
        assert!(published("MS42203").is_none(), "a gap in the published numbers");
    }
}
