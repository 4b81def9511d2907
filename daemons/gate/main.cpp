// SPDX-License-Identifier: Apache-2.0
// cloudtaser-gate: stands beside OpenBao, verifies what nodes prove of themselves, and mints a short-lived, wrapped token
// for what the policy allows. Every verdict is on record before it is answered.
#include <cstdio>

#include "base/bind_now.h"
#include "crypto/memory.h"
#include "daemons/common/daemon.h"
#include "daemons/gate/service.h"
#include "http/memory.h"

namespace {

constexpr ct::daemon::Spec kSpec{
    .name = "cloudtaser-gate",
    .purpose = "verifies attestation and releases short-lived OpenBao tokens to attested nodes",
    .bus_name = "io.cloudtaser.Gate1",
    .object = "/io/cloudtaser/Gate1",
    .config_file = "/etc/cloudtaser/gate.toml",
};

}  // namespace

int main(int argc, char** argv) {
    // Before anything allocates through them: from here on TLS, HTTP and JSON live in secret memory.
    auto arena = ct::bind_now();
    if (arena) arena = ct::crypto::use_secret_arena();
    if (arena) arena = ct::http::use_secret_arena();
    if (!arena) {
        std::fprintf(stderr, "cloudtaser-gate: %s\n", arena.error().to_string().c_str());
        return 1;
    }
    return ct::daemon::run(argc, argv, kSpec, ct::gate::GateService::check, ct::gate::GateService::create);
}
