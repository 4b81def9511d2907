// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/commands.h"
#include "clients/ctl/node_bus.h"

namespace ct::ctl {

Result<int> sessions(const SessionsOptions& options, WallTime now, Output& out) {
    CT_TRY(NodeBus bus, NodeBus::open(false, options.ask_person));
    CT_CHECK(bus.look_around());
    std::vector<SessionRow> rows;
    // Without secretd there are no sessions, and none is worth starting it for.
    if (bus.runs(kSecretd)) {
        CT_TRY(rows, bus.sessions());
    } else if (!bus.installed(kSecretd)) {
        return fail(Reason::daemon_unavailable, "cloudtaser-secretd is not installed on this host");
    }
    tell(rows, now, out);
    return 0;
}

}  // namespace ct::ctl
