//! How answers look.

pub(crate) mod error;
pub(crate) mod findings;
pub(crate) mod names;
pub(crate) mod plain;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod tables;
