//! BSON, written field by field into one buffer. What is written most goes this
//! way: nothing is built first only to be copied.

use std::io::Write;

use bson::DateTime;
use bson::spec::{BinarySubtype, ElementType};

/// A document that is being written; it is whole once the writer is dropped.
/// Names must be without zero bytes.
pub struct Writer<'b> {
    bytes: &'b mut Vec<u8>,
    /// Where its length stands.
    start: usize,
}

impl<'b> Writer<'b> {
    /// Begins a document at the end of `bytes`.
    #[must_use]
    pub fn new(bytes: &'b mut Vec<u8>) -> Self {
        let start = bytes.len();
        bytes.extend([0; 4]);
        Self { bytes, start }
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(ElementType::String, name);
        self.length(value.len() + 1);
        self.bytes.extend(value.as_bytes());
        self.bytes.push(0);
    }

    /// A number, in eight bytes.
    pub fn long(&mut self, name: &str, value: i64) {
        self.name(ElementType::Int64, name);
        self.bytes.extend(value.to_le_bytes());
    }

    /// A number, in four bytes.
    pub fn int(&mut self, name: &str, value: i32) {
        self.name(ElementType::Int32, name);
        self.bytes.extend(value.to_le_bytes());
    }

    /// A truth value.
    pub fn bool(&mut self, name: &str, value: bool) {
        self.name(ElementType::Boolean, name);
        self.bytes.push(value.into());
    }

    /// An object id.
    pub fn oid(&mut self, name: &str, value: [u8; 12]) {
        self.name(ElementType::ObjectId, name);
        self.bytes.extend(value);
    }

    /// A moment.
    pub fn date(&mut self, name: &str, value: DateTime) {
        self.name(ElementType::DateTime, name);
        self.bytes.extend(value.timestamp_millis().to_le_bytes());
    }

    /// Bytes without a meaning of their own, in these parts.
    pub fn binary(&mut self, name: &str, parts: &[&[u8]]) {
        self.name(ElementType::Binary, name);
        self.length(parts.iter().map(|part| part.len()).sum());
        self.bytes.push(BinarySubtype::Generic.into());
        parts.iter().for_each(|part| self.bytes.extend(*part));
    }

    /// Nothing.
    pub fn null(&mut self, name: &str) {
        self.name(ElementType::Null, name);
    }

    /// Begins a document within this one.
    pub fn document(&mut self, name: &str) -> Writer<'_> {
        self.name(ElementType::EmbeddedDocument, name);
        Writer::new(self.bytes)
    }

    /// Begins an array within this one. Its elements go by the names `0`, `1`, ….
    pub fn array(&mut self, name: &str) -> Writer<'_> {
        self.name(ElementType::Array, name);
        Writer::new(self.bytes)
    }

    /// Writes documents as an array.
    pub fn documents<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl Fn(T, &mut Writer<'_>),
    ) {
        let mut array = self.array(name);
        for (n, item) in items.into_iter().enumerate() {
            write(item, &mut Writer::new(array.item(ElementType::EmbeddedDocument, n)));
        }
    }

    /// Writes an array of documents that are written already.
    pub fn written<'d>(&mut self, name: &str, documents: impl Iterator<Item = &'d [u8]>) {
        let mut array = self.array(name);
        for (n, document) in documents.enumerate() {
            array.item(ElementType::EmbeddedDocument, n).extend(document);
        }
    }

    fn name(&mut self, kind: ElementType, name: &str) {
        self.bytes.push(kind as u8);
        self.bytes.extend(name.as_bytes());
        self.bytes.push(0);
    }

    /// Begins an element of an array, whose name is its place.
    fn item(&mut self, kind: ElementType, n: usize) -> &mut Vec<u8> {
        self.bytes.push(kind as u8);
        // To a vector, writing never fails.
        let _ = write!(self.bytes, "{n}\0");
        self.bytes
    }

    /// No document of ours is anywhere near the 2 GB that fit.
    fn length(&mut self, length: usize) {
        self.bytes.extend((length as i32).to_le_bytes());
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.bytes.push(0);
        let length = (self.bytes.len() - self.start) as i32;
        self.bytes[self.start..self.start + 4].copy_from_slice(&length.to_le_bytes());
    }
}
