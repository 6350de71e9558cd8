//! Writes the page of the generated code, and fails if an operation has more read-modify-writes or
//! fences than it may have.
//!
//! Each argument is `PROCESSOR=FILE`: the name that the page gives to a processor, and the assembly
//! of `operations.rs` for this processor.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::{env, fs};

const INTRODUCTION: &str = "\
# The generated code of push and pop

Written by `loom-tests/machines/check code`; do not edit. The compiler is Debian's Rust 1.85 with
optimisation; [operations.rs](code/operations.rs) has the functions. Counted is what a function
contains, with the paths that a closed queue takes, and not how often a loop runs. How many
instructions and read-modify-writes an operation *executes* on x86-64, `cargo bench -- costs` counts
(see [papers](../../papers/README.md)).

- A *read-modify-write* is one exchange or compare-exchange, or the setting of a shared item's flag.
  Without LSE, aarch64 has a loop in its place, of an exclusive load and an exclusive store; the
  exclusive load is counted.
- A *fence* is an instruction that only orders others. `isb`, by which a gap-free push pauses
  between two attempts, orders no access to memory.
- *Ordered* are loads that acquire and stores that release. On x86-64, all do.
- *Calls* lead out of the function: a push that is refused, and errors that cannot occur.
";

/// What an operation is allowed to contain, and what it must contain.
struct Limits {
    read_modify_writes: usize,
    is_listed: bool,
}

fn limits(operation: &str) -> Limits {
    match operation {
        // One more for the flag of the item.
        _ if operation.starts_with("try_push") => Limits {
            read_modify_writes: 2,
            is_listed: false,
        },
        _ => Limits {
            read_modify_writes: 1,
            is_listed: true,
        },
    }
}

const OPERATIONS: [&str; 9] = [
    "push_forward_linked",
    "push_back_linked",
    "push_gap_free",
    "try_push_forward_linked",
    "try_push_back_linked",
    "try_push_gap_free",
    "pop_forward_linked",
    "pop_back_linked",
    "pop_gap_free",
];

/// The code of one operation for one processor.
struct Code {
    operation: &'static str,
    /// Instructions, with a tab before each, and labels.
    lines: Vec<String>,
}

impl Code {
    /// Finds the operation in the output of the compiler.
    fn find(operation: &'static str, assembly: &str) -> Option<Self> {
        let label = format!("{operation}:");
        let body = assembly.lines().skip_while(|line| **line != label).skip(1);
        let lines: Vec<_> = body
            .take_while(|line| !line.starts_with(".Lfunc_end"))
            .filter(|line| !line.starts_with("\t.") && !line.trim_start().starts_with(['#', ';']))
            .filter(|line| line.starts_with('\t') || line.starts_with(".LBB"))
            .map(plain)
            .collect();
        (!lines.is_empty()).then_some(Self { operation, lines })
    }

    fn instructions(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| line.strip_prefix('\t'))
    }

    fn count(&self, is_counted: impl Fn(&str) -> bool) -> usize {
        self.instructions().filter(|line| is_counted(line)).count()
    }

    /// Names the instructions, with the number of those that occur several times.
    fn names(&self, is_named: impl Fn(&str) -> bool) -> String {
        let mut names: Vec<(String, usize)> = Vec::new();
        for instruction in self.instructions().filter(|line| is_named(line)) {
            let name = mnemonic(instruction);
            match names.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => names.push((name, 1)),
            }
        }
        let cell = |(name, count): (String, usize)| match count {
            1 => format!("`{name}`"),
            _ => format!("{count} × `{name}`"),
        };
        names.into_iter().map(cell).collect::<Vec<_>>().join(", ")
    }

    fn row(&self) -> String {
        format!(
            "| `{}` | {} | {} | {} | {} | {} | {} |\n",
            self.operation,
            self.count(|_| true),
            self.count(is_read_modify_write),
            self.names(is_read_modify_write),
            self.count(is_fence),
            self.names(is_ordered),
            self.count(is_call),
        )
    }

    /// Says what the operation must not contain.
    fn complaint(&self) -> Option<String> {
        let expected = limits(self.operation).read_modify_writes;
        let found = self.count(is_read_modify_write);
        let fences = self.names(is_fence);
        if found != expected {
            Some(format!("{found} read-modify-writes instead of {expected}"))
        } else if !fences.is_empty() {
            Some(format!("a fence: {fences}"))
        } else {
            None
        }
    }
}

/// Removes what is different in another folder, or with another function before this one: the
/// number of the function in a label, and the hashes in names.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, number, after)) = next_number(rest) {
        plain += before;
        plain += number;
        rest = after;
    }
    plain + rest
}

/// Splits a line at a label or a hash: what is before, what replaces it, and what is after.
fn next_number(line: &str) -> Option<(&str, &str, &str)> {
    if let Some((before, label)) = line.split_once(".LBB") {
        let (_, after) = label.split_once('_')?;
        return Some((before, ".L", after));
    }
    let (before, after) = line.split_once("17h")?;
    let is_hash = after.len() > 16 && after.as_bytes()[16] == b'E';
    is_hash.then(|| (before, "17h", &after[16..]))
}

// An instruction is a line of x86-64's assembly (in AT&T's syntax) or aarch64's.

/// Returns the mnemonic, with the one that `lock` is a prefix of.
fn mnemonic(instruction: &str) -> String {
    let mut words = instruction.split_whitespace();
    match (words.next(), words.next()) {
        (Some("lock"), Some(locked)) => format!("lock {locked}"),
        (name, _) => name.unwrap_or_default().to_owned(),
    }
}

fn is_any(instruction: &str, prefixes: &[&str]) -> bool {
    prefixes
        .iter()
        .any(|prefix| instruction.starts_with(prefix))
}

fn is_read_modify_write(instruction: &str) -> bool {
    let locks = instruction.starts_with("lock") && !is_fence(instruction);
    let exchanges = instruction.starts_with("xchg") && instruction.contains('(');
    let exclusive = ["ldxr", "ldaxr", "ldxp", "ldaxp"];
    let lse = [
        "swp", "cas", "ldadd", "ldclr", "ldeor", "ldset", "ldsmax", "ldsmin", "ldumax", "ldumin",
        "stadd", "stclr", "steor", "stset",
    ];
    // A function that chooses between the two at run time.
    let is_outlined = instruction.contains("__aarch64_");
    locks
        || exchanges
        || is_outlined
        || is_any(instruction, &exclusive)
        || is_any(instruction, &lse)
}

fn is_fence(instruction: &str) -> bool {
    // A locked operation on the stack has no other purpose.
    let locks_stack = instruction.starts_with("lock") && instruction.contains("(%rsp)");
    locks_stack || is_any(instruction, &["mfence", "lfence", "sfence", "dmb", "dsb"])
}

fn is_ordered(instruction: &str) -> bool {
    is_any(instruction, &["ldar", "ldapr", "ldapur", "stlr", "stlur"])
}

fn is_call(instruction: &str) -> bool {
    let leaves = is_any(instruction, &["jmp", "b\t"]) && !instruction.contains(".L");
    leaves || is_any(instruction, &["call", "bl\t", "blr"])
}

/// The tables and listings of one processor, and what is wrong with them.
fn section(processor: &str, assembly: &str) -> (String, Vec<String>) {
    let mut text = format!(
        "\n## {processor}\n\n\
         | operation | instructions | read-modify-writes | which | fences | ordered | calls |\n\
         |---|--:|--:|---|--:|---|--:|\n"
    );
    let mut listings = String::new();
    let mut complaints = Vec::new();
    for operation in OPERATIONS {
        let Some(code) = Code::find(operation, assembly) else {
            complaints.push(format!("{processor}: {operation} is missing"));
            continue;
        };
        text += &code.row();
        if limits(operation).is_listed {
            let lines = code.lines.join("\n").replace('\t', "    ");
            _ = write!(listings, "\n`{operation}`:\n\n```asm\n{lines}\n```\n");
        }
        let complaint = code.complaint();
        complaints.extend(complaint.map(|what| format!("{processor}: {operation} has {what}")));
    }
    (text + &listings, complaints)
}

fn main() -> ExitCode {
    let mut page = INTRODUCTION.to_owned();
    let mut complaints = Vec::new();
    for argument in env::args().skip(1) {
        let (processor, file) = argument.split_once('=').expect("PROCESSOR=FILE");
        let assembly = fs::read_to_string(file).expect("the file can be read");
        let (text, wrong) = section(processor, &assembly);
        page += &text;
        complaints.extend(wrong);
    }
    print!("{page}");
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    ExitCode::from(u8::from(!complaints.is_empty()))
}
