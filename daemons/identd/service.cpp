// SPDX-License-Identifier: Apache-2.0
#include "daemons/identd/service.h"

namespace ct::identd {
namespace {

constexpr const char* kPath = "/io/cloudtaser/Identity1";
constexpr const char* kInterface = "io.cloudtaser.Identity1.Manager";

}  // namespace

IdentityService::IdentityService(daemon::Daemon& daemon)
    : described_(daemon.counter("processes_described")),
      refused_(daemon.counter("processes_refused")),
      hashed_(daemon.counter("executables_hashed")),
      digests_(daemon.loop()) {}

Result<std::unique_ptr<daemon::Service>> IdentityService::create(daemon::Daemon& daemon) {
    auto service = std::make_unique<IdentityService>(daemon);
    bus::Interface rows(kInterface);
    rows.method({.name = "Describe",
                 .in = "h",
                 .in_names = {"pidfd"},
                 .out = "uuussay",
                 .out_names = {"pid", "uid", "gid", "unit", "executable", "sha256"},
                 .access = bus::Access::only({"cloudtaser-secret"})},
                [self = service.get()](bus::Call call) { self->describe(std::move(call)); });
    CT_TRY(service->object_, daemon.bus().serve(kPath, rows));
    return service;
}

Status IdentityService::reload(const config::Document&) { return {}; }  // nothing to configure but log and audit

void IdentityService::describe(bus::Call call) {
    auto received = call.read<Fd>();
    if (!received) return call.fail(received.error());
    auto look = look_at(*received);
    if (!look) {
        ++refused_;
        return call.fail(look.error());
    }
    // In closures, which are copied, descriptors are shared.
    const auto pidfd = std::make_shared<Fd>(std::move(*received));
    const auto shared = std::make_shared<Look>(std::move(*look));
    auto copy = shared->file ? shared->file.duplicate() : Result<Fd>(Fd());
    if (!copy) return call.fail(copy.error());
    // An executable that can't be read has no digest: whoever demands one refuses.
    if (!*copy) return answer(std::move(call), *pidfd, *shared, Bytes{});
    digests_.of(std::move(*copy), [this, call, pidfd, shared](const Result<Bytes>& digest) {
        hashed_ = digests_.computed();
        answer(call, *pidfd, *shared, digest);
    });
}

void IdentityService::answer(bus::Call call, const Fd& pidfd, const Look& look, const Result<Bytes>& digest) {
    Status status = confirm(pidfd, look);
    if (status && !digest && digest.error().reason == Reason::quota_exceeded) status = std::unexpected(digest.error());
    if (!status) {
        ++refused_;
        return call.fail(status.error());
    }
    ++described_;
    const Process& process = look.process;
    call.reply(process.pid, process.uid, process.gid, process.unit, process.executable, digest.value_or(Bytes{}));
}

}  // namespace ct::identd
