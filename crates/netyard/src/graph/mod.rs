//! A network as a drawing: for the terminal, for Graphviz, for Mermaid, and for programs.
//!
//! Pure functions of a [`NetState`](netyard_types::NetState): the same network gives the same text, whether it runs or is only
//! described. Each cable is drawn once. Names with numbers are in the order that a person expects, `web2` before `web10`.

mod dot;
mod json;
mod mermaid;
mod terminal;
#[cfg(test)]
mod testing;
mod topology;

pub(crate) use dot::dot;
pub(crate) use json::json;
pub(crate) use mermaid::mermaid;
pub(crate) use terminal::text;
