//! Description of the machine and of a run.

use std::fs;
use std::process::Command;

use papers::cores;

/// Returns names and values that a reader needs to judge the figures, including the
/// versions of the contestants' packages.
#[must_use]
pub fn description(packages: &[&str]) -> Vec<(&'static str, String)> {
    vec![
        ("when", output("date", &["-u", "+%Y-%m-%d %H:%M UTC"])),
        ("processor", processor()),
        ("cores", cores::count().to_string()),
        ("system", output("uname", &["-srm"])),
        ("compiler", output("rustc", &["--version"])),
        (
            "commit",
            output("git", &["describe", "--always", "--dirty", "--abbrev=10"]),
        ),
        ("contestants", versions(packages)),
    ]
}

fn processor() -> String {
    let field = |name: &str| {
        let info = fs::read_to_string("/proc/cpuinfo").ok()?;
        let line = info.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let virtual_machine = field("flags").is_some_and(|flags| flags.contains(" hypervisor"));
    let name = field("model name").unwrap_or_else(|| "unknown".into());
    if virtual_machine {
        format!("{name}, in a virtual machine")
    } else {
        name
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().into()
        }
        _ => "unknown".into(),
    }
}

/// Returns the packages with their versions in `Cargo.lock`.
fn versions(packages: &[&str]) -> String {
    let lock = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"));
    let version = |package: &&str| {
        let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
        Some(format!("{package} {}", rest.split_once('"')?.0))
    };
    packages
        .iter()
        .filter_map(version)
        .collect::<Vec<_>>()
        .join(", ")
}
