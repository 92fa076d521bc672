//! A hundred times over: nothing piles up.

use std::collections::BTreeMap;
use std::fs;

use crate::support::{Netyard, Traces, holders_named, open_files_and_memory, own_name, wait_until};

fn file(name: &str, count: u32) -> String {
    format!(
        "name = \"{name}\"\n[switch.lan]\nsubnet = \"10.0.0.0/24\"\n[host.a]\non = \"lan\"\n[host.web]\non = \"lan\"\n\
        count = {count}\n"
    )
}

fn traces_of(name: &str) -> Traces {
    let [holder] = holders_named(name)[..] else { panic!("one lab has one holder") };
    Traces::of(holder)
}

/// Every lab that was made is gone, with its processes, namespaces, mounts and files.
#[test]
fn a_hundred_times_up_and_down() {
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("cycles");
    yard.write("netyard.toml", file(&name, 1));
    let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count();
    let before = mounts();
    for _ in 0..100 {
        yard.ok("up");
        let traces = traces_of(&name);
        assert!(traces.processes().len() >= 3, "holder, keeper, name server: {:?}", traces.processes());
        yard.ok("down");
        assert_eq!(traces.left(), [0; 0], "they outlive the lab");
        assert!(fs::read_dir(yard.run_dir()).unwrap().next().is_none());
        assert!(holders_named(&name).is_empty());
    }
    assert_eq!(mounts(), before);
}

/// What a lab's processes have: by name, how many files are open, and how much memory is in use.
fn measure(traces: &Traces) -> BTreeMap<String, (usize, u64)> {
    traces.processes().into_iter().map(|(pid, name)| (name, open_files_and_memory(pid))).collect()
}

/// One lab changes a hundred times: its processes have the same files open then, and no more memory.
#[test]
fn a_hundred_changes_of_one_lab() {
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("changes");
    let files = [file(&name, 1), file(&name, 2).replace("10.0.0.0/24", "10.4.0.0/24")];
    yard.change(&files[1]);
    let traces = traces_of(&name);
    let processes = traces.processes();
    let mut measured = Vec::new();
    for turn in 0..100 {
        assert!(yard.change(&files[turn % 2]).contains("is up in"));
        if turn == 19 || turn == 99 {
            // Commands that have just ended may still be on their way out.
            wait_until("only the lab's own processes run", || traces.processes() == processes);
            measured.push((measure(&traces), traces.mounts()));
        }
    }
    let [(early, early_mounts), (late, late_mounts)] = &measured[..] else { unreachable!() };
    assert_eq!(early_mounts, late_mounts);
    assert_eq!(early.keys().collect::<Vec<_>>(), late.keys().collect::<Vec<_>>());
    for (process, (files, memory)) in early {
        let (files_late, memory_late) = late[process];
        assert_eq!(files_late, *files, "{process} keeps files open");
        // A page here and there; eighty changes that each keep one would be more.
        assert!(memory_late <= memory + 128, "{process} grows from {memory} kB to {memory_late} kB");
    }
    yard.assert_reaches("a", ["web1", "web2"]);
}

/// The memory that the kernel needs for itself and cannot give back (`SUnreclaim`, proc_meminfo(5)), in kB.
fn kernel_memory() -> i64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("SUnreclaim:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How many files all processes of the machine have open (`/proc/sys/fs/file-nr`, proc_sys_fs(5)).
fn open_files() -> i64 {
    let text = fs::read_to_string("/proc/sys/fs/file-nr").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// The figures of the whole machine, which are only of use if nothing else goes on there.
#[test]
#[ignore = "measures the whole machine: to be run alone"]
fn the_machine_has_its_memory_back() {
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("machine");
    let files = [file(&name, 20), file(&name, 40).replace("10.0.0.0/24", "10.4.0.0/24")];
    let mean = |values: &[i64]| values.iter().sum::<i64>() / i64::try_from(values.len()).unwrap();
    let compare = |what: &str, turn: &dyn Fn(usize)| {
        let mut measured = [Vec::new(), Vec::new()];
        for number in 0..100 {
            turn(number);
            measured[0].push(kernel_memory());
            measured[1].push(open_files());
        }
        for (unit, values, most) in
            [("kB of kernel memory", &measured[0], 4096), ("open files", &measured[1], 64)]
        {
            let (early, late) = (mean(&values[20..40]), mean(&values[80..100]));
            println!("{what}: {early} {unit} after 20 to 40 turns, {late} after 80 to 100");
            assert!(late <= early + most, "{what}: from {early} to {late} {unit}");
        }
    };
    compare("up and down", &|number| {
        yard.change(&files[number % 2]);
        yard.ok("down");
    });
    compare("changes of one lab", &|number| drop(yard.change(&files[number % 2])));
}
