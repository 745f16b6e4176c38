//! What a year's campaigns are made of: zones, instants, and the words of leads and of ours.

/// Both sides of the date line, quarter and half hours, changes of half an hour, negative summer
/// time.
pub const ZONES: [(&str, &str); 16] = [
    ("America/New_York", "US"),
    ("America/Chicago", "US"),
    ("Europe/Berlin", "DE"),
    ("Europe/London", "GB"),
    ("Europe/Dublin", "IE"),
    ("Asia/Tokyo", "JP"),
    ("Asia/Kathmandu", "NP"),
    ("America/St_Johns", "CA"),
    ("America/Santiago", "CL"),
    ("Australia/Lord_Howe", "AU"),
    ("Pacific/Auckland", "NZ"),
    ("Pacific/Chatham", "NZ"),
    ("Pacific/Kiritimati", "KI"),
    ("Pacific/Apia", "WS"),
    ("Pacific/Pago_Pago", "AS"),
    ("UTC", "US"),
];

/// Around the hours that a summer time skips or repeats, and around midnight in UTC.
pub const ODD_INSTANTS: [i64; 12] = [
    1_772_953_199, // 2026-03-08T06:59:59Z, the last second of New York's winter
    1_772_953_200,
    1_774_745_999, // 2026-03-29T00:59:59Z, Europe's
    1_774_746_000,
    1_775_311_199, // 2026-04-04T13:59:59Z, Auckland's and Chatham's summer ends
    1_775_311_200,
    1_792_889_999, // 2026-10-25T00:59:59Z, Europe's summer ends
    1_792_890_000,
    1_793_512_800, // 2026-11-01T06:00:00Z, New York's ends
    1_798_761_599, // 2026-12-31T23:59:59Z
    1_798_761_600,
    1_767_225_599, // 2025-12-31T23:59:59Z
];

/// A common trade in the spellings that people give it; most write the first.
pub const TRADES: [&[&str]; 8] = [
    &["Logistics", "logistics", " LOGISTICS ", "Logistics"],
    &[
        "Real Estate",
        "real  estate",
        "Real\u{a0}Estate",
        "Real Estate",
    ],
    &["Ärzte", "ärzte", "ÄRZTE"],
    &["ΟΔΟΣ", "Οδος"],
    &["Legal"],
    &["Dental"],
    &["Food\nand Drink", "Food and Drink", "Food and Drink "],
    &["", "  "],
];

/// Words that a page, a spreadsheet or a terminal might obey.
pub const HOSTILE: [&str; 8] = [
    "=1+1",
    "<b>bold</b>",
    "🚀 Launch 🚀",
    "'; DROP TABLE campaigns; --",
    "\u{202e}desrever",
    "a,\"b\"\r\nc",
    "unknown",
    "İstanbul ẞ ﬁ",
];

pub const SENDERS: [&str; 5] = [
    "team@ourco.example",
    "Team@ourco.example",
    "ada@ourco.example",
    "bo@second.example",
    "cy@third.example",
];

pub const WRITERS: [&str; 8] = [
    "template:plain",
    "template:plain",
    "template:travel/0",
    "template:travel/1",
    "model:gpt-4",
    "model:gpt-4",
    "model:llama3:8b",
    "model:gpt-4o-mini",
];
