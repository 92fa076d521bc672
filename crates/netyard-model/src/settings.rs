//! The kernel settings that the file asks for.

use alloc::string::ToString;
use alloc::vec::Vec;

use crate::draft::Draft;
use crate::network::{NodeId, Setting};
use crate::problem::Problem;

/// Gives every node the settings of the file, those of its ports behind its own: the later of two values is the one that counts.
pub(crate) fn collect(draft: &mut Draft<'_>) {
    for node in draft.node_ids() {
        let of_ports = draft.network[node].ports.iter().filter_map(|port| draft.settings[port.0]);
        let all = draft.blocks[node.0].sysctl.iter().chain(of_ports.flat_map(|settings| &settings.sysctl));
        let sysctls: Vec<Setting> = all
            .map(|(key, value)| Setting {
                key: key.value.clone(),
                value: value.value.clone(),
                span: key.span.clone(),
            })
            .collect();
        for setting in &sysctls {
            check_interface(draft, node, setting);
        }
        draft.network[node].sysctls = sysctls;
    }
}

/// A setting of an interface is there only if the interface is.
fn check_interface(draft: &mut Draft<'_>, id: NodeId, setting: &Setting) {
    let Some(interface) = setting.key.interface() else { return };
    let node = &draft.network[id];
    let bridge = node.bridge.as_ref().map(|bridge| &bridge.name);
    let ports = node.ports.iter().map(|&port| &draft.network[port].name);
    let names: Vec<_> = ports.chain(bridge).cloned().collect();
    if interface == "lo" || names.iter().any(|name| name.as_str() == interface) {
        return;
    }
    let problem =
        Problem::UnknownPort { node: node.name.clone(), port: interface.to_string(), candidates: names };
    draft.report.add(problem, setting.span.clone(), []);
}
