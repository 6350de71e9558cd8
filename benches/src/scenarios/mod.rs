//! The scenarios. `groups` lists them.

#[cfg(target_os = "linux")]
mod awake;
mod burst;
mod one_thread;
mod producers;
#[cfg(target_os = "linux")]
mod resume;

pub(crate) use producers::{Producers, Side};

use crate::contestants::Contested;
use crate::payload::Item;
use crate::scenario::Group;

/// Returns all groups, without the contestants left out.
#[must_use]
pub fn groups(left_out: &[String]) -> Vec<Group> {
    let mut groups = with_payload::<Box<Item>>(left_out);
    groups.extend(with_payload::<u64>(left_out));
    #[cfg(target_os = "linux")]
    {
        groups.push(awake::group());
        for clock in [resume::Clock::Wall, resume::Clock::Cpu] {
            groups.extend([1, 64].map(|suspended| resume::group(suspended, clock)));
        }
    }
    groups
}

fn with_payload<T: Contested>(left_out: &[String]) -> Vec<Group> {
    use producers::Side::{Both, Pop, Push};

    let mut groups = vec![Group::of::<T>(one_thread::PingPong, true, left_out)];
    for count in [10, 1000, 1_000_000] {
        let core = count < 1_000_000;
        groups.push(Group::of::<T>(one_thread::FillDrain(count), core, left_out));
    }
    for side in [Push, Pop, Both] {
        for count in [1, 2, 4, 8, 16] {
            let core = matches!((side, count), (Push | Both, 1 | 2 | 16) | (Pop, 2));
            let scenario = Producers { side, count };
            groups.push(Group::of::<T>(scenario, core, left_out));
        }
    }
    groups.push(Group::of::<T>(burst::Bursts, true, left_out));
    groups
}
