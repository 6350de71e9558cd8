//! The experiments: `cargo papers list`.

// The models are built without the dependencies of the experiments.
#[cfg(not(loom))]
mod experiments;

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    match experiments::main() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(loom)]
fn main() {}
