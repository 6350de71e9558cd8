//! The parser finds the same requests in a stream however reads cut it.
//!
//! In `http-resume`, with cargo-fuzz and a nightly toolchain:
//!
//! ```sh
//! cargo +nightly fuzz run cuts fuzz/corpus/cuts fuzz/seeds -- -max_len=700 -dict=fuzz/http.dict
//! ```
#![no_main]

use http_resume::fuzzing::replay;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stream: &[u8]| {
    // The last bytes of the stream determine the cuts.
    let tail = stream.iter().rev().take(8);
    let mut cuts: Vec<usize> = tail
        .map(|&byte| usize::from(byte) * stream.len() / 256)
        .chain([0, stream.len()])
        .collect();
    cuts.sort_unstable();
    let pieces: Vec<_> = cuts
        .windows(2)
        .map(|ends| &stream[ends[0]..ends[1]])
        .collect();

    let whole = replay(&[stream]);
    assert_eq!(replay(&pieces), whole);
    let single: Vec<_> = stream.chunks(1).collect();
    assert_eq!(replay(&single), whole);
});
