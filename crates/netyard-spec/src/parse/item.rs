//! One value of the file with its place and the key it belongs to, and its reading as a TOML type.

use alloc::string::String;
use alloc::vec::Vec;

use toml::de::{DeTable, DeValue};

use super::{Findings, note};
use crate::{OneOf, Problem, Span, Spanned, ValueError, ValueType};

/// A value as the TOML parser gives it.
pub(super) type Value<'i> = toml::Spanned<DeValue<'i>>;

/// A value of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'t, 'i> {
    /// The key it belongs to.
    pub(super) key: &'t str,
    key_span: (usize, usize),
    /// Whether it is an element of the list that the key has.
    is_entry: bool,
    value: &'t Value<'i>,
}

impl<'t, 'i> Item<'t, 'i> {
    pub(super) fn new(key: &'t str, key_span: Span, value: &'t Value<'i>) -> Self {
        Self { key, key_span: (key_span.start, key_span.end), is_entry: false, value }
    }

    /// The same value under another name for its key.
    pub(super) fn named<'n>(&self, key: &'n str) -> Item<'n, 'i>
    where
        't: 'n,
    {
        Item { key, ..*self }
    }

    /// Where the value stands.
    pub(super) fn span(&self) -> Span {
        self.value.span()
    }

    /// Where the key stands.
    pub(super) fn key_span(&self) -> Span {
        self.key_span.0..self.key_span.1
    }

    pub(super) fn value_type(&self) -> ValueType {
        match self.value.get_ref() {
            DeValue::String(_) => ValueType::String,
            DeValue::Integer(_) => ValueType::Integer,
            DeValue::Float(_) => ValueType::Float,
            DeValue::Boolean(_) => ValueType::Boolean,
            DeValue::Datetime(_) => ValueType::Date,
            DeValue::Array(_) => ValueType::List,
            DeValue::Table(_) => ValueType::Table,
        }
    }

    /// Notes that the value is of none of these types.
    pub(super) fn wrong_type(&self, expected: &'static [ValueType], found: &mut Findings) {
        let problem = Problem::WrongType {
            key: String::from(self.key),
            entry: self.is_entry,
            expected: OneOf(expected),
            found: self.value_type(),
        };
        note(found, problem, self.span());
    }

    /// Notes that the key does not take the value.
    pub(super) fn invalid(&self, reason: impl Into<ValueError>, found: &mut Findings) {
        note(
            found,
            Problem::InvalidValue { key: String::from(self.key), reason: reason.into() },
            self.span(),
        );
    }

    pub(super) fn text(&self, found: &mut Findings) -> Option<&'t str> {
        let text = self.value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(&[ValueType::String], found);
        }
        text
    }

    pub(super) fn boolean(&self, found: &mut Findings) -> Option<Spanned<bool>> {
        let value = self.value.get_ref().as_bool();
        if value.is_none() {
            self.wrong_type(&[ValueType::Boolean], found);
        }
        value.map(|value| Spanned::new(value, self.span()))
    }

    /// The integer as the file has it; `Err` with its text if it is outside of the range, which may be one of no integer
    /// type at all.
    pub(super) fn integer<N>(&self, range: (N, N), found: &mut Findings) -> Option<Result<N, String>>
    where
        N: TryFrom<i128> + Copy + PartialOrd,
    {
        let DeValue::Integer(integer) = self.value.get_ref() else {
            self.wrong_type(&[ValueType::Integer], found);
            return None;
        };
        let number = i128::from_str_radix(integer.as_str(), integer.radix()).ok();
        match number.and_then(|number| N::try_from(number).ok()) {
            Some(number) if range.0 <= number && number <= range.1 => Some(Ok(number)),
            _ => Some(Err(alloc::format!("{integer}"))),
        }
    }

    /// The integer, if it is in the range.
    pub(super) fn number<N>(&self, range: (N, N), found: &mut Findings) -> Option<Spanned<N>>
    where
        N: TryFrom<i128> + Into<i64> + Copy + PartialOrd,
    {
        match self.integer(range, found)? {
            Ok(number) => Some(Spanned::new(number, self.span())),
            Err(text) => {
                let (min, max) = (range.0.into(), range.1.into());
                self.invalid(ValueError::OutOfRange { found: text, min, max }, found);
                None
            }
        }
    }

    /// The elements of a list of strings; a string alone is a list of itself.
    pub(super) fn one_or_more(self, found: &mut Findings) -> Vec<Self> {
        match self.value.get_ref() {
            DeValue::String(_) => alloc::vec![self],
            DeValue::Array(_) => self.elements(found),
            _ => {
                self.wrong_type(&[ValueType::String, ValueType::List], found);
                Vec::new()
            }
        }
    }

    /// The elements of a list.
    pub(super) fn elements(self, found: &mut Findings) -> Vec<Self> {
        let DeValue::Array(array) = self.value.get_ref() else {
            self.wrong_type(&[ValueType::List], found);
            return Vec::new();
        };
        array.iter().map(|value| Self { value, is_entry: true, ..self }).collect()
    }

    pub(super) fn is_empty_list(&self) -> bool {
        self.value.get_ref().as_array().is_some_and(|array| array.is_empty())
    }

    pub(super) fn table(&self, found: &mut Findings) -> Option<&'t DeTable<'i>> {
        let table = self.as_table();
        if table.is_none() {
            self.wrong_type(&[ValueType::Table], found);
        }
        table
    }

    pub(super) fn as_table(&self) -> Option<&'t DeTable<'i>> {
        self.value.get_ref().as_table()
    }

    pub(super) fn as_value(&self) -> &'t DeValue<'i> {
        self.value.get_ref()
    }
}

/// The entries of a table in the order of the file, which the TOML parser does not always keep.
pub(super) fn entries<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Item<'t, 'i>> {
    let mut items: Vec<_> =
        table.iter().map(|(key, value)| Item::new(key.get_ref(), key.span(), value)).collect();
    items.sort_by_key(|item| item.key_span);
    items
}
