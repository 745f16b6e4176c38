//! What the model writes: three sober mails about the lead it is told of.

use serde_json::{Value, json};

/// All texts of the conversation so far, joined.
pub fn prompt(asked: &Value) -> String {
    let messages = asked["messages"].as_array().into_iter().flatten();
    messages
        .filter_map(|message| message["content"].as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The lead's data in a prompt: the first JSON object that has the key `company` somewhere in it.
pub fn lead_in(asked: &Value) -> Value {
    let prompt = prompt(asked);
    let objects = prompt.match_indices('{').filter_map(|(at, _)| {
        let mut values = serde_json::Deserializer::from_str(&prompt[at..]).into_iter::<Value>();
        values
            .next()?
            .ok()
            .filter(|value| find(value, "company").is_some())
    });
    objects.into_iter().next().unwrap_or(Value::Null)
}

/// The company in a prompt, `""` when there is none.
pub fn company(asked: &Value) -> String {
    let lead = lead_in(asked);
    find(&lead, "company").unwrap_or_default().to_string()
}

/// The text under a key, at any depth.
fn find<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    match value {
        Value::Object(map) => match map.get(key) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => map.values().find_map(|inner| find(inner, key)),
        },
        Value::Array(items) => items.iter().find_map(|inner| find(inner, key)),
        _ => None,
    }
}

/// Three mails about the lead in the prompt, in the shape of the request's schema.
pub fn campaign(asked: &Value) -> Value {
    let lead = lead_in(asked);
    let company = find(&lead, "company_short")
        .or(find(&lead, "company"))
        .unwrap_or("your company");
    let first_name = find(&lead, "first_name")
        .or_else(|| find(&lead, "full_name")?.split_whitespace().next())
        .unwrap_or("there");
    // The brand's signature is told in the prompt, on a line of its own or within a sentence.
    let prompt = prompt(asked);
    let signature = prompt.split_once("— ").map_or("4Runr Team", |(_, rest)| {
        rest.split(['\n', '`', '"', '\\'])
            .next()
            .unwrap_or_default()
            .trim()
    });
    let draft = |step: &str| {
        let (subject, text) = written(step, company);
        let body = format!("Hi {first_name},\n\n{text}\n\n— {signature}");
        json!({"step": step, "subject": subject, "body": body})
    };
    match asked.pointer("/response_format/json_schema/schema") {
        Some(schema) => shaped(schema, "", &draft),
        None => json!({"messages": [draft("hook"), draft("proof"), draft("fomo")]}),
    }
}

/// A value that a JSON schema of objects, arrays and enums describes, with a draft wherever the
/// schema asks for a subject and a body. `key` names the step where the schema has one property per
/// step.
fn shaped(schema: &Value, key: &str, draft: &dyn Fn(&str) -> Value) -> Value {
    if let Some(properties) = schema["properties"].as_object() {
        if !(properties.contains_key("subject") && properties.contains_key("body")) {
            let inner =
                |(name, inner): (&String, &Value)| (name.clone(), shaped(inner, name, draft));
            return Value::Object(properties.iter().map(inner).collect());
        }
        let Value::Object(mut whole) = draft(key) else {
            unreachable!("a draft is an object")
        };
        whole.retain(|name, _| properties.contains_key(name));
        return Value::Object(whole);
    }
    let steps = schema
        .pointer("/items/properties/step/enum")
        .and_then(Value::as_array);
    match steps {
        Some(steps) => {
            let steps = steps.iter().filter_map(Value::as_str);
            steps
                .map(|step| shaped(&schema["items"], step, draft))
                .collect()
        }
        None if schema["type"] == "array" => {
            let steps = ["hook", "proof", "fomo"].into_iter();
            steps
                .map(|step| shaped(&schema["items"], step, draft))
                .collect()
        }
        None => Value::String(String::new()),
    }
}

/// Subject and text of a step, without greeting and signature.
fn written(step: &str, company: &str) -> (String, String) {
    match step {
        "hook" => (
            format!("A thought about how {company} is found"),
            format!(
                "I spent some time with what {company} says about itself, and one thing stayed with \
                 me: the work sounds more considered than the way it is introduced. Somebody who \
                 arrives with a concrete need has to piece together for themselves why you would be \
                 the right choice.\n\nWe help teams close that gap quietly, without changing what \
                 they do. Would it be useful if I sent over the two observations I wrote down?"
            ),
        ),
        "proof" => (
            format!("What a clearer path could mean at {company}"),
            format!(
                "A short follow-up to my earlier note. What usually makes the difference is not more \
                 attention but less detour: each service described in the words customers use, the \
                 next step visible wherever a reader happens to stop, and one person who owns the \
                 answer.\n\nFor {company} I would begin with the service your customers ask about \
                 most, because that page carries the first impression. If you like, I can outline \
                 how such a start might look. Is that worth a brief exchange?"
            ),
        ),
        _ => (
            format!("Leaving this with you and {company}"),
            format!(
                "This is my last message on the subject. Firms in your field are rethinking how they \
                 present their work, and those that move with care tend to set the expectations \
                 others are measured by later.\n\nIf the question matters to {company} this season, \
                 I am glad to share what I noted down. If the timing is wrong, no reply is needed. \
                 Shall I send the outline?"
            ),
        ),
    }
}

mod tests {
    use super::*;

    fn request(schema: Option<Value>) -> Value {
        let user = "Write about this lead:\n{\"lead\": {\"first_name\": \"Ada\", \"company\": \
                    \"Engines {Ltd}\"}}\nSign as \"— Foundry Crew\".";
        let format = schema.map(|schema| json!({"json_schema": {"schema": schema}}));
        let messages = json!([{"role": "user", "content": user}]);
        json!({"model": "gpt-4", "messages": messages, "response_format": format})
    }

    #[test]
    fn the_campaign_is_about_the_lead_and_has_the_shape_of_the_schema() {
        let draft = json!({"properties": {"subject": {}, "body": {}}});
        let item =
            json!({"properties": {"step": {"enum": ["hook", "fomo"]}, "subject": {}, "body": {}}});
        let schemas = [
            (None, "/messages/2/step", "/messages/0"),
            (
                Some(json!({"properties": {"mails": {"type": "array", "items": item}}})),
                "/mails/1/step",
                "/mails/0",
            ),
            (
                Some(json!({"properties": {"hook": draft, "fomo": draft}})),
                "",
                "/hook",
            ),
        ];
        for (schema, step, first) in schemas {
            let written = campaign(&request(schema));
            if !step.is_empty() {
                assert_eq!(written.pointer(step).unwrap(), "fomo", "{written}");
            }
            let body = written.pointer(first).unwrap()["body"].as_str().unwrap();
            assert!(
                body.starts_with("Hi Ada,\n\n") && body.contains("Engines {Ltd}"),
                "{body}"
            );
            assert!(body.ends_with("\n\n— Foundry Crew"), "{body}");
        }
    }
}
