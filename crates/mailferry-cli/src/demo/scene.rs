//! The messages of the demonstration, as anybody could write them into a file.

/// One message and what there is to see.
pub(crate) struct Scene {
    pub(crate) title: &'static str,
    pub(crate) shows: &'static str,
    /// The message as it is shown: a picture's content is cut short.
    pub(crate) json: &'static str,
}

/// Nobody is written to at this address: mail to it has bounced before.
pub(crate) const SUPPRESSED: &str = "carol@example.com";

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
        json: r#"{
  "from": "Harbour Shop <orders@shop.example>",
  "to": ["alice@example.com"],
  "subject": "Your order {{ order_no }} has shipped",
  "text": "Hi {{ name }},\norder {{ order_no }} left us on {{ ship_date }}.",
  "merge_data": {"alice@example.com": {"name": "Alice", "order_no": "12345"}},
  "merge_global_data": {"ship_date": "May 15"}
}"#,
    },
    Scene {
        title: "Two recipients who see each other",
        shows: "`expose-to-list` makes one request: statuses come at once, all see the list.",
        json: r#"{
  "from": "Harbour Shop <orders@shop.example>",
  "to": ["alice@example.com", "Bob <bob@example.com>"],
  "subject": "Your order {{ order_no }} has shipped",
  "text": "Hi {{ name }},\norder {{ order_no }} left us on {{ ship_date }}.",
  "merge_data": {
    "alice@example.com": {"name": "Alice", "order_no": "12345"},
    "bob@example.com": {"name": "Bob", "order_no": "54321"}
  },
  "merge_global_data": {"ship_date": "May 15"},
  "esp_extra": {"batch_send_mode": "expose-to-list"}
}"#,
    },
    Scene {
        title: "Two recipients who do not",
        shows: "`use-bulk-email` sends each a mail of their own; what came of it is asked later.",
        json: r#"{
  "from": "Harbour Shop <orders@shop.example>",
  "to": ["alice@example.com", "Bob <bob@example.com>"],
  "subject": "Your order {{ order_no }} has shipped",
  "text": "Hi {{ name }},\norder {{ order_no }} left us on {{ ship_date }}.",
  "merge_data": {
    "alice@example.com": {"name": "Alice", "order_no": "12345"},
    "bob@example.com": {"name": "Bob", "order_no": "54321"}
  },
  "merge_global_data": {"ship_date": "May 15"},
  "esp_extra": {"batch_send_mode": "use-bulk-email"}
}"#,
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
    },
];
