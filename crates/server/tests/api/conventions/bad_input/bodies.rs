use serde_json::{Value, json};

use super::routes::{By, Route};

/// Deeper than any honest body.
const DEEP: usize = 10_000;

/// What is wrong with it, and the body.
type Bad = (String, Vec<u8>);

/// Everything that may be wrong with a body of this route.
pub(super) fn bad_bodies(route: &Route) -> Vec<Bad> {
    let mut bad = not_json(&route.good);
    bad.extend(nested(route));
    bad.extend(large(route));
    let fields = route.good.as_object().expect("a body is an object");
    for (name, value) in fields {
        bad.extend(wrong_field(route, name, value));
        bad.extend(twice(&route.good, name, value));
    }
    // Gateways may say more than they must.
    if route.by != By::Gateway {
        for name in ["surprise", "$where", "__proto__", "", "seats.0"] {
            let mut body = route.good.clone();
            body[name] = json!(1);
            bad.push(named(format!("unknown field {name:?}"), &body));
        }
    }
    bad
}

fn named(name: String, body: &Value) -> Bad {
    (name, body.to_string().into_bytes())
}

fn not_json(good: &Value) -> Vec<Bad> {
    let good = good.to_string();
    let mut texts: Vec<Vec<u8>> = [
        "",
        " ",
        "{",
        "}",
        "{]",
        "{}",
        "{\"a\"}",
        "{\"a\":1,}",
        "nonsense",
        "undefined",
        "null",
        "true",
        "17",
        "\"text\"",
        "[]",
        "-",
        "\u{0}",
        "NaN",
        "{\"a\":\"\\ud800\"}",
        "<xml/>",
        "{\"a\":\"\u{1}\"}",
        "seats=A1",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    texts.push(format!("[{good}]").into());
    texts.push(format!("{good}{good}").into());
    texts.push(format!("\u{feff}{good}").into());
    texts.push(good.replace('"', "'").into());
    texts.push(good.as_bytes()[..good.len() - 1].to_vec());
    texts.push(b"{\"a\":\"\xff\xfe\"}".to_vec());
    // Not UTF-8 within the first name, and within the first text.
    let text = good.find("\":\"").expect("a text field") + 3;
    for at in [3, text] {
        texts.push([&good.as_bytes()[..at], b"\xc3\x28", &good.as_bytes()[at..]].concat());
    }
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    texts.push(utf16);
    let name = |text: &Vec<u8>| format!("not JSON: {}", String::from_utf8_lossy(text));
    texts.into_iter().map(|text| (name(&text), text)).collect()
}

fn nested(route: &Route) -> Vec<Bad> {
    let lists = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    let objects = format!("{}1{}", "{\"a\":".repeat(DEEP), "}".repeat(DEEP));
    let good = route.good.to_string();
    let within = format!("{},\"deep\":{lists}}}", &good[..good.len() - 1]);
    vec![
        ("deep lists".to_owned(), lists.into()),
        ("deep objects".to_owned(), objects.into()),
        ("deep within".to_owned(), within.into()),
    ]
}

fn large(route: &Route) -> Vec<Bad> {
    let mut padded = route.good.to_string().into_bytes();
    padded.resize(route.max_bytes + 1, b' ');
    vec![
        ("one byte too many".to_owned(), padded),
        ("a megabyte of nothing".to_owned(), vec![b' '; 1_000_000]),
        ("a megabyte of zeros".to_owned(), vec![0; 1_000_000]),
        ("a megabyte of text".to_owned(), format!("\"{}\"", "x".repeat(1_000_000)).into()),
    ]
}

/// The field missing, null, of each wrong type, and as each bad text or number.
fn wrong_field(route: &Route, name: &str, value: &Value) -> Vec<Bad> {
    let mut wrong = vec![json!({ "$ne": null }), json!([[]]), json!([1, "x"]), json!(true)];
    match value {
        Value::String(_) => {
            wrong.extend([json!(17), json!([value]), json!("")]);
            wrong.extend([json!("a\u{0}b"), json!("a\nb"), json!("\u{7f}")]);
            if name == "event_id" {
                // Not kept: any text will do.
                wrong.retain(|value| !value.is_string());
            }
        }
        Value::Number(_) => wrong.extend([
            json!("1"),
            json!(""),
            json!(0.5),
            json!(-1),
            json!(1e300),
            json!(u64::MAX),
        ]),
        Value::Array(_) => {
            wrong.extend([json!("A1"), json!(1), json!({ "0": "A1" }), json!([null])])
        }
        Value::Object(_) => wrong.extend([json!("x"), json!(1), json!([value]), json!({})]),
        Value::Null | Value::Bool(_) => {}
    }
    if !route.optional.contains(&name) {
        wrong.push(Value::Null);
    }
    let mut bad: Vec<Bad> = Vec::new();
    for value in wrong {
        let mut body = route.good.clone();
        body[name] = value;
        bad.push(named(format!("{name} = {}", body[name]), &body));
    }
    if !route.optional.contains(&name) {
        let mut body = route.good.clone();
        body.as_object_mut().expect("an object").remove(name);
        bad.push(named(format!("no {name}"), &body));
    }
    // More than any number type holds.
    let (from, huge) = (format!("\"{name}\":{value}"), format!("\"{name}\":1{}", "0".repeat(400)));
    bad.push((format!("{name} is huge"), route.good.to_string().replace(&from, &huge).into()));
    bad
}

/// The field given twice, with the same value and with another.
fn twice(good: &Value, name: &str, value: &Value) -> Vec<Bad> {
    let good = good.to_string();
    let rest = &good[1..];
    let again = format!("{{\"{name}\":{value},{rest}");
    let other = format!("{{\"{name}\":null,{rest}");
    vec![(format!("{name} twice"), again.into()), (format!("{name} twice, null"), other.into())]
}
