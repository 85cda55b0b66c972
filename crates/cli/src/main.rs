//! The `annatomy` command.
fn main() {}
