// SPDX-License-Identifier: Apache-2.0
// cloudtaser-identd: says who is behind a pidfd. It holds the one capability that reading /proc/PID/exe of other users
// needs (CAP_SYS_PTRACE), so that secretd, which holds the secrets and reads the network's bytes, can do without.
#include "daemons/common/daemon.h"
#include "daemons/identd/service.h"

namespace {

constexpr ct::daemon::Spec kSpec{
    .name = "cloudtaser-identd",
    .purpose = "tells secretd which process asks, as the kernel says",
    .bus_name = "io.cloudtaser.Identity1",
    .object = "/io/cloudtaser/Identity1",
    .config_file = "/etc/cloudtaser/identd.toml",
    .config_required = false,
};

ct::Status check(const ct::config::Document& document) { return document.root().only({"audit", "log"}); }

}  // namespace

int main(int argc, char** argv) {
    return ct::daemon::run(argc, argv, kSpec, check, ct::identd::IdentityService::create);
}
