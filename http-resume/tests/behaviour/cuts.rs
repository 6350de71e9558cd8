//! Responses do not depend on how reads cut a stream of requests.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::case::{Case, Server};
use crate::{bodies, connections, framing, head, limits, responses};

/// `limits.rs` cuts longer requests.
const SHORT: usize = 16 * 1024;

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// A change of one byte of a stream.
#[derive(Clone, Debug)]
enum Edit {
    Remove,
    Insert(u8),
    Replace(u8),
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn responses_do_not_depend_on_cuts(stream in stream(), cuts in vec(any::<Index>(), 1..12)) {
        let whole = answers(&[&stream]);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|ends| &stream[ends[0]..ends[1]]).collect();
        prop_assert_eq!(answers(&pieces), whole);
    }
}

/// Generates sequences of cases, mostly well-formed, with up to two edits.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let mut cases = [
        bodies::cases(),
        connections::cases(),
        framing::cases(),
        head::cases(),
        limits::cases(),
        responses::cases(),
    ]
    .concat();
    cases.retain(|case| case.sent.len() <= SHORT);
    let (staying, closing): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case.stays);
    let request = prop_oneof![5 => select(staying), 1 => select(closing)];
    let byte = || select(&b"\r\n\t\0 :;,-+/09aFx\x7f\xff"[..]);
    let edit = prop_oneof![
        Just(Edit::Remove),
        byte().prop_map(Edit::Insert),
        byte().prop_map(Edit::Replace),
    ];
    let edits = vec((any::<Index>(), edit), 0..3);
    (vec(request, 1..8), edits).prop_map(|(cases, edits)| edited(&cases, &edits))
}

fn edited(cases: &[Case], edits: &[(Index, Edit)]) -> Vec<u8> {
    let mut stream: Vec<u8> = cases.iter().flat_map(|case| case.sent.clone()).collect();
    for (at, edit) in edits {
        let at = at.index(stream.len());
        match *edit {
            Edit::Remove => drop(stream.remove(at)),
            Edit::Insert(byte) => stream.insert(at, byte),
            Edit::Replace(byte) => stream[at] = byte,
        }
    }
    stream
}

/// Returns the responses to these pieces, without their dates, and without interim responses,
/// which depend on the cuts.
fn answers(pieces: &[&[u8]]) -> String {
    let mut client = SERVER.connect();
    SERVER.send(&mut client, pieces);
    client.close_our_half();
    let answers = client.rest().replace("HTTP/1.1 100 Continue\r\n\r\n", "");
    client.reset();
    let lines = answers.split_inclusive('\n');
    lines.filter(|line| !line.starts_with("Date: ")).collect()
}
