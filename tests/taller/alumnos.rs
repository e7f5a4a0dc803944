//! El taller, como lo usa quien aprende.

fn main() {}
