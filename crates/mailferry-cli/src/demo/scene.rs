//! The messages of the demonstration, as anybody could write them into a file.

/// One message and what there is to see.
pub(crate) struct Scene {
    pub(crate) title: &'static str,
    pub(crate) shows: &'static str,
    /// The message, a picture's content cut short.
    json: &'static str,
    /// What is shown of it: of messages that were seen before, only what is new.
    pub(crate) shown: &'static str,
}

/// Nobody is written to at this address: mail to it has bounced before.
pub(crate) const SUPPRESSED: &str = "carol@example.com";

/// The domain that everything is sent from, and that answers come to.
pub(crate) const DOMAIN: &str = "shop.example";

/// A black disc of 16 by 16 pixels, as PNG, and how it is shown.
const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAALElEQVR42mP4jwYYsAswgAFCgIEBIcKAxAeLMCDzQ\
                       SK0EsCwFtNhmE7H61sA/PmHecwxS5AAAAAASUVORK5CYII=";
const SHOWN_PICTURE: &str = "iVBORw0KGgo…";

impl Scene {
    /// The message's JSON with everything in it.
    pub(crate) fn message(&self) -> String {
        self.json.replace(SHOWN_PICTURE, PICTURE)
    }
}

pub(crate) const SCENES: [Scene; 5] = [
    Scene {
        title: "One recipient",
        shows: "The subject and the text are a template; the recipient's values are filled in.",
        json: ONE,
        shown: ONE,
    },
    Scene {
        title: "Two recipients who see each other",
        shows: "`expose-to-list` makes one request: statuses come at once, all see the list.",
        json: r#"{
  "from": "Harbour Shop <orders@shop.example>",
  "to": ["alice@example.com", "Bob <bob@example.com>"],
  "subject": "Your order {{ order_no }} has shipped",
  "text": "Hi {{ name }}, order {{ order_no }} left us on {{ ship_date }}.",
  "merge_data": {
    "alice@example.com": {"name": "Alice", "order_no": "12345"},
    "bob@example.com": {"name": "Bob", "order_no": "54321"}
  },
  "merge_global_data": {"ship_date": "May 15"},
  "esp_extra": {"batch_send_mode": "expose-to-list"}
}"#,
        shown: r#"{…, "to": ["alice@example.com", "Bob <bob@example.com>"],
  "merge_data": {"alice@example.com": {"name": "Alice", "order_no": "12345"},
                 "bob@example.com": {"name": "Bob", "order_no": "54321"}},
  "esp_extra": {"batch_send_mode": "expose-to-list"}}"#,
    },
    Scene {
        title: "Two recipients who do not",
        shows: "`use-bulk-email` sends each a mail of their own; what came of it is asked later.",
        json: r#"{
  "from": "Harbour Shop <orders@shop.example>",
  "to": ["alice@example.com", "Bob <bob@example.com>"],
  "subject": "Your order {{ order_no }} has shipped",
  "text": "Hi {{ name }}, order {{ order_no }} left us on {{ ship_date }}.",
  "merge_data": {
    "alice@example.com": {"name": "Alice", "order_no": "12345"},
    "bob@example.com": {"name": "Bob", "order_no": "54321"}
  },
  "merge_global_data": {"ship_date": "May 15"},
  "esp_extra": {"batch_send_mode": "use-bulk-email"}
}"#,
        shown: r#"{…, "esp_extra": {"batch_send_mode": "use-bulk-email"}}"#,
    },
    Scene {
        title: "A recipient on a suppression list",
        shows: "Mail to Carol has bounced before: she is rejected, and Alice gets hers.",
        json: r#"{
  "from": "Harbour Shop <orders@shop.example>",
  "to": ["alice@example.com", "carol@example.com"],
  "subject": "We are closed on Monday",
  "text": "Orders go out again on Tuesday."
}"#,
        shown: r#"{…, "to": ["alice@example.com", "carol@example.com"]}"#,
    },
    Scene {
        title: "A picture and an attachment",
        shows: "The HTML shows the picture by its content id; a file would be {\"path\": \"…\"}.",
        json: r#"{
  "from": "Harbour Shop <orders@shop.example>",
  "to": ["alice@example.com"],
  "subject": "Your invoice",
  "text": "It is attached.",
  "html": "<img src=\"cid:buoy\"><p>It is attached.</p>",
  "attachments": [
    {"filename": "buoy.png", "content": "iVBORw0KGgo…", "content_id": "buoy"},
    {"filename": "invoice.csv", "content": "aXRlbSxjb3VudApsYW50ZXJuLDEK"}
  ]
}"#,
        shown: r#"{…, "html": "<img src=\"cid:buoy\"><p>It is attached.</p>", "attachments": [
  {"filename": "buoy.png", "content": "iVBORw0KGgo…", "content_id": "buoy"},
  {"filename": "invoice.csv", "content": "aXRlbSxjb3VudApsYW50ZXJuLDEK"}]}"#,
    },
];

const ONE: &str = r#"{
  "from": "Harbour Shop <orders@shop.example>",
  "to": ["alice@example.com"],
  "subject": "Your order {{ order_no }} has shipped",
  "text": "Hi {{ name }}, order {{ order_no }} left us on {{ ship_date }}.",
  "merge_data": {"alice@example.com": {"name": "Alice", "order_no": "12345"}},
  "merge_global_data": {"ship_date": "May 15"}
}"#;

/// The message whose way is followed.
pub(crate) const FOLLOWED: Scene = Scene {
    title: "What becomes of it",
    shows: "These addresses do what they say. A webhook tells; an inbox stores and hands on.",
    json: NEWS,
    shown: NEWS,
};

const NEWS: &str = r#"{
  "from": "Harbour Shop <orders@shop.example>",
  "to": ["open@example.com", "click@example.com", "bounce@example.com"],
  "subject": "New lanterns",
  "html": "<p><a href=\"https://shop.example/new\">Have a look.</a></p>"
}"#;

/// What its readers do.
pub(crate) const ANSWERED: (&str, &str) =
    ("A reply comes in", "An inbound route posts it, signed. What is new is told from what is quoted.");

/// A reply as a mail program writes it.
pub(crate) const REPLY: &str = "Mine arrived without its wick, see the picture.\nCan you send one?\n\n\
                                On Friday, May 15, Harbour Shop wrote:\n> Have a look.\n";

/// The picture of the reply.
pub(crate) const REPLY_PICTURE: (&str, &[u8]) = ("lantern.png", b"\x89PNG\r\n\x1a\n");
