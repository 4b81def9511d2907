// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/commands.h"
#include "clients/ctl/node_bus.h"

namespace ct::ctl {

Result<int> revoke(const RevokeOptions& options, Output& out) {
    CT_TRY(NodeBus bus, NodeBus::open(false, options.ask_person));
    CT_TRY(const std::uint32_t closed, bus.revoke(options.workload));
    out.json()
        .begin_object()
        .key("workload")
        .string(options.workload)
        .key("sessions_closed")
        .number(closed)
        .end_object();
    out.line(
        std::to_string(closed) + (closed == 1 ? " session" : " sessions") + " of " + printable(options.workload) +
        " closed; secretd's copies are wiped. A page that a program has mapped stays with that program until it ends.");
    return 0;
}

}  // namespace ct::ctl
