// SPDX-License-Identifier: Apache-2.0
#include "daemons/identd/service.h"

#include "daemons/identd/process.h"

namespace ct::identd {

Result<std::unique_ptr<daemon::Service>> IdentityService::create(daemon::Daemon& daemon) {
    auto service = std::make_unique<IdentityService>(daemon);
    bus::Interface rows("io.cloudtaser.Identity1.Manager");
    rows.method({.name = "Describe",
                 .in = "h",
                 .in_names = {"pidfd"},
                 .out = "uuussay",
                 .out_names = {"pid", "uid", "gid", "unit", "executable", "sha256"},
                 .access = bus::Access::only({"cloudtaser-secret"})},
                [self = service.get()](bus::Call call) { self->describe_process(std::move(call)); });
    CT_TRY(service->object_, daemon.bus().serve("/io/cloudtaser/Identity1", rows));
    return service;
}

Status IdentityService::reload(const config::Document& document) { return document.root().only({"audit", "log"}); }

void IdentityService::describe_process(bus::Call call) {
    auto pidfd = call.read<Fd>();
    if (!pidfd) return call.fail(pidfd.error());
    auto process = describe(*pidfd, cache_);
    ++daemon_.counter(process ? "processes_described" : "processes_refused");
    if (!process) return call.fail(process.error());
    call.reply(process->pid, process->uid, process->gid, process->unit, process->executable, process->digest);
}

}  // namespace ct::identd
