//! What a name server answers: a query in, a reply out, without a socket, a clock or a thread.
//!
//! - [`Zones`] is what [`netyard_types::Names`] becomes for answering: a table by name with every record ready to be written. It
//!   never changes, so whoever answers needs no lock, and a change is another value.
//! - [`Zones::answer`] takes any bytes and says what is to be done ([`Outcome`]): send the reply it wrote, stay silent, ask another
//!   server, send a zone.
//! - [`Zones::relay`], [`Zones::is_reply_to`], [`Zones::is_refusal`] and [`Zones::fail`] are for what other servers answer; [`Alias`]
//!   for what they answer about a name that an alias of ours leads to.
//! - [`Zones::lookup`] says without a message what a node gets for a name.
//!
//! Record data is encoded by `hickory-proto`, once, when the zones are made. Headers, questions and EDNS are read and written
//! here: a query costs a walk over its bytes and one look into the table, and nothing is allocated. The tests read every reply with
//! `hickory-proto`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod alias;
mod answer;
mod find;
mod header;
mod index;
mod lookup;
mod query;
mod record;
mod reply;
mod section;
mod special;
mod table;
mod transfer;
mod trouble;
mod upstream;
mod wire_name;
mod zones;

pub use alias::Alias;
pub use answer::{Outcome, Transport};
pub use lookup::{Lookup, Standing};
pub use zones::Zones;
