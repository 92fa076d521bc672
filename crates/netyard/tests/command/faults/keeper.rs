//! The keeper killed.
