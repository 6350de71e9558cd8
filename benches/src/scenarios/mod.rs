//! The scenarios. `groups` lists them.

#[cfg(target_os = "linux")]
mod awake;
mod burst;
mod one_thread;
pub(crate) mod oneshots;
mod producers;
#[cfg(target_os = "linux")]
mod resume;
mod wake;

pub(crate) use producers::{Producers, Side, WORK_ALONE};

use crate::contestants::{Chained, Contested};
use crate::payload::Item;
use crate::scenario::{Cell, Group, Scenario};
use crate::work::Work;

/// Returns all groups, without the contestants left out.
#[must_use]
pub fn groups(left_out: &[String]) -> Vec<Group> {
    let mut groups = with_payload::<Box<Item>>(left_out);
    groups.extend(with_work(left_out));
    groups.extend(with_payload::<u64>(left_out));
    groups.extend([wake::Source::Task, wake::Source::Thread].map(wake::group));
    groups.push(oneshots::group());
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
            let scenario = Producers {
                side,
                count,
                work: None,
            };
            groups.push(Group::of::<T>(scenario, core, left_out));
        }
    }
    groups.push(Group::of::<T>(burst::Bursts, true, left_out));
    groups
}

/// The floor of producers that work: what is left if the pushes share nothing. Each producer links
/// its items to a chain of its own, and pushes the chain at its end.
pub(crate) const WORK_ITSELF: &str = "the work + a chain";

/// Returns the groups whose producers work between two pushes.
fn with_work(left_out: &[String]) -> Vec<Group> {
    use producers::Side::{Both, Push};

    let mut groups = Vec::new();
    for side in [Push, Both] {
        for count in [1, 2, 4, 8, 16] {
            let core = matches!((side, count), (Push, 2));
            for nanos in [12, 42] {
                let work = Some(Work(nanos));
                let scenario = Producers { side, count, work };
                let mut group = Group::of::<Box<Item>>(scenario, core, left_out);
                let itself = Cell::floor(WORK_ITSELF, move |items| {
                    scenario.run::<Box<Item>, Chained<{ usize::MAX }>>(items)
                });
                group.cells.insert(0, itself);
                groups.push(group);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_scenarios_with_work_run_by_default() {
        let groups = with_work(&[]);
        let (core, others): (Vec<_>, Vec<_>) = groups.iter().partition(|group| group.core);
        let names: Vec<_> = core.iter().map(|group| &*group.scenario).collect();
        assert_eq!(names, ["push/2+12", "push/2+42"]);
        assert!(others.iter().any(|group| group.scenario == "both/16+42"));
    }
}
