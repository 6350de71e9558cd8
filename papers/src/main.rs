//! The experiments: `cargo run --release -p papers -- list`.

// The models of the library are built without what the experiments need.
#[cfg(not(loom))]
mod experiments;

#[cfg(not(loom))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    experiments::main()
}

#[cfg(loom)]
fn main() {}
