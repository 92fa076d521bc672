//! The file that describes a network: its text, its keys, its mistakes.
//!
//! - [`parse()`] reads a file into a [`Spec`], with its place on every value, and finds every mistake that the file alone
//!   shows. What needs the whole network to be seen (an address used twice, a node that does not exist) is found by
//!   `netyard-model`.
//! - [`keys`] is the one table of keys. It decides which keys are unknown, what was probably meant, and what [`schema()`]
//!   tells an editor.
//! - [`import`] makes files out of other tools' files.
//!
//! Nothing here touches the operating system: a text comes in, values or a text go out.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod code;
mod finding;
pub mod import;
mod json;
mod key;
mod key_table;
mod names;
mod parse;
mod problem;
mod schema;
mod spec;
mod suggest;
mod value_error;

pub use code::{Code, UnknownCode};
pub use finding::{Finding, Mistake, Position};
pub use key::{Format, Key, Shape, Table, keys};
pub use names::{
    HostNamesBy, NameSpec, NamesSpec, NodeOrAddress, RecordSpec, RecordsSpec, TroubleSpec, ViewSpec,
};
pub use parse::{parse, parse_bytes};
pub use problem::{NameOf, NotText, Problem};
pub use schema::schema;
pub use spec::{
    AddressSpec, CableEnd, CableSpec, GatewaySpec, NodeBody, NodeSpec, PortSettings, PortSpec, RouteSpec,
    RouteTarget, RouteTo, Span, Spanned, Spec, StationSpec, SwitchSpec,
};
pub use suggest::closest;
pub use value_error::{
    AddressError, Conflict, DomainError, DurationError, MacError, OneOf, RecordError, SubnetError,
    ValueError, ValueType,
};
