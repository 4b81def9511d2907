// SPDX-License-Identifier: Apache-2.0
// cloudtaser-attestd: proves what this machine is. It talks to its devices and to nobody else: it sees no secret and reaches
// no network.
#include <csignal>
#include <cstdlib>

#include "daemons/attestd/service.h"
#include "daemons/common/daemon.h"

namespace {

constexpr ct::daemon::Spec kSpec{
    .name = "cloudtaser-attestd",
    .purpose = "makes evidence of what this machine is",
    .bus_name = "io.cloudtaser.Attest1",
    .object = "/io/cloudtaser/Attest1",
    .config_file = "/etc/cloudtaser/attestd.toml",
    .config_required = false,
};

ct::Status check(const ct::config::Document& document) {
    CT_TRY(const auto settings, ct::attestd::parse_settings(document.root()));
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    // tpm2-tss reports through its return codes, which we log, and on stderr as well, which nobody needs twice.
    ::setenv("TSS2_LOG", "all+none", 0);  // NOLINT(concurrency-mt-unsafe): no thread yet
    std::signal(SIGPIPE, SIG_IGN);        // its socket to a software TPM may break
    return ct::daemon::run(argc, argv, kSpec, check, ct::attestd::AttestService::create);
}
