//! Log lines for machines: one JSON object each. Written here, field by field, as one
//! is written for each request: the general formatter keeps what a span is about as
//! text, and takes it apart again for each of its lines.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// An object per line: time, level, what is logged, where from, and what it is about.
pub(super) struct JsonLines;

/// The fields of a span or of a line, each behind a comma.
pub(super) struct JsonFields;

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let about = event.metadata();
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        write!(line, "\",\"level\":\"{}\"", about.level())?;
        context.format_fields(line.by_ref(), event)?;
        line.write_str(",\"target\":")?;
        text(&mut line, about.target())?;
        if let Some(span) = context.lookup_current() {
            line.write_str(",\"span\":{\"name\":")?;
            text(&mut line, span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>() {
                line.write_str(fields)?;
            }
            line.write_char('}')?;
        }
        line.write_str("}\n")
    }
}

impl<'w> FormatFields<'w> for JsonFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut object = Object { writer, result: Ok(()) };
        fields.record(&mut object);
        object.result
    }

    fn add_fields(
        &self,
        current: &'w mut FormattedFields<Self>,
        fields: &Record<'_>,
    ) -> fmt::Result {
        self.format_fields(current.as_writer(), fields)
    }
}

/// What stands between the braces of an object that has begun.
struct Object<'w> {
    writer: Writer<'w>,
    result: fmt::Result,
}

impl Object<'_> {
    fn field(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let writer = &mut self.writer;
        let write = |writer: &mut Writer<'_>| {
            writer.write_char(',')?;
            text(writer, field.name())?;
            writer.write_char(':')?;
            value(writer)
        };
        self.result = self.result.and_then(|()| write(writer));
    }
}

impl Visit for Object<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, |writer| text(writer, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.field(field, |writer| text(writer, format_args!("{value:?}")));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field, |writer| write!(writer, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, |writer| write!(writer, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, |writer| write!(writer, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let finite = |writer: &mut Writer<'_>| write!(writer, "{value}");
        let other = |writer: &mut Writer<'_>| writer.write_str("null");
        if value.is_finite() { self.field(field, finite) } else { self.field(field, other) }
    }
}

/// Writes a text in its quotes.
fn text(writer: &mut Writer<'_>, text: impl fmt::Display) -> fmt::Result {
    writer.write_char('"')?;
    write!(Escaped(writer), "{text}")?;
    writer.write_char('"')
}

/// Writes what stands between the quotes of a text (RFC 8259, section 7).
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.0.write_str(&text[plain..at])?;
            plain = at + 1;
            match byte {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                _ => write!(self.0, "\\u{byte:04x}")?,
            }
        }
        self.0.write_str(&text[plain..])
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing_subscriber::fmt;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panics over it").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that are logged meanwhile.
    fn logged(log: impl FnOnce()) -> Vec<Value> {
        let page = Page::default();
        let writer = page.clone();
        let lines = fmt().fmt_fields(JsonFields).event_format(JsonLines);
        let lines = lines.with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(lines, log);
        let text = String::from_utf8(page.0.lock().expect("nobody panics").clone());
        let text = text.expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    #[test]
    fn a_line_is_an_object_with_all_that_was_logged() {
        let lines = logged(|| {
            let latency_ms = 1.5;
            tracing::warn!(status = 201, latency_ms, is = true, of = %"me", "done: {}", 7);
        });
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "done: 7");
        assert_eq!(line["target"], module_path!());
        assert_eq!((&line["status"], &line["latency_ms"]), (&json!(201), &json!(1.5)));
        assert_eq!((&line["is"], &line["of"]), (&json!(true), &json!("me")));
        let time = line["timestamp"].as_str().expect("a text");
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
        assert_eq!(line.get("span"), None);
    }

    #[test]
    fn whatever_a_text_has_in_it_the_line_stays_one_object() {
        let nasty = "a \"quoted\" \\ back\n\r\t\u{0}\u{1f} line, \u{7f} größer 座位 \"}";
        let lines = logged(|| {
            let span = tracing::info_span!("request", request_id = nasty);
            span.in_scope(|| tracing::info!(path = nasty, other = ?nasty, "{nasty}"));
        });
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((&line["message"], &line["path"]), (&json!(nasty), &json!(nasty)));
        assert_eq!(line["other"], format!("{nasty:?}"));
        assert_eq!(line["span"]["request_id"], nasty);
    }

    #[test]
    fn a_span_tells_what_it_is_about_once_that_is_known() {
        let lines = logged(|| {
            let span = tracing::info_span!(
                "request",
                request_id = "r",
                booking_id = tracing::field::Empty
            );
            span.in_scope(|| tracing::info!("before"));
            span.record("booking_id", tracing::field::display("b"));
            span.in_scope(|| tracing::info!(share = f64::NAN, "after"));
        });
        let span = |line: &Value| line["span"].clone();
        assert_eq!(span(&lines[0]), json!({ "name": "request", "request_id": "r" }));
        let after = json!({ "name": "request", "request_id": "r", "booking_id": "b" });
        assert_eq!(span(&lines[1]), after);
        assert_eq!(lines[1]["share"], Value::Null);
    }
}
