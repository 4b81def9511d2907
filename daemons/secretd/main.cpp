// SPDX-License-Identifier: Apache-2.0
// cloudtaser-secretd: brings secrets from OpenBao into the memory of the process that may have them, after the gate has
// found this machine good. It has no network: bridge hands it connected streams, and TLS ends here.
#include <cstdio>

#include "base/bind_now.h"
#include "crypto/memory.h"
#include "daemons/common/daemon.h"
#include "daemons/secretd/configuration.h"
#include "daemons/secretd/manager_service.h"
#include "http/memory.h"

namespace {

constexpr ct::daemon::Spec kSpec{
    .name = "cloudtaser-secretd",
    .purpose = "delivers secrets from OpenBao into the secret memory of attested workloads",
    .bus_name = "io.cloudtaser.Secret1",
    .object = "/io/cloudtaser/Secret1",
    .config_file = "/etc/cloudtaser/secretd.toml",
};

ct::Status check(const ct::config::Document& document) {
    CT_TRY(const auto configuration, ct::secretd::parse_configuration(document.root()));
    CT_TRY(const auto workloads, ct::secretd::load_workloads(configuration));
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    // Before anything allocates through them: from here on TLS, HTTP and JSON live in secret memory.
    auto arena = ct::bind_now();
    if (arena) arena = ct::crypto::use_secret_arena();
    if (arena) arena = ct::http::use_secret_arena();
    if (!arena) {
        std::fprintf(stderr, "cloudtaser-secretd: %s\n", arena.error().to_string().c_str());
        return 1;
    }
    return ct::daemon::run(argc, argv, kSpec, check, ct::secretd::ManagerService::create);
}
