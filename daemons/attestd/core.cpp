// SPDX-License-Identifier: Apache-2.0
#include "daemons/attestd/core.h"

#include <algorithm>

namespace ct::attestd {
namespace {

bool is_absent(const std::optional<Error>& error) { return error && error->reason == Reason::evidence_device_absent; }

// A caller's own mistake says nothing about the device.
bool blames_device(const Error& error) {
    return error.reason == Reason::evidence_device_absent || error.reason == Reason::evidence_device_failed;
}

}  // namespace

Core::Core(const std::vector<Kind>& kinds) {
    for (const Kind& kind : kinds) {
        devices_.push_back({kind.word, kind.expected, std::nullopt});
        if (!kind.there) devices_.back().error = Error{Reason::evidence_device_absent, "no such device"};
    }
}

Core::Device* Core::find(std::string_view kind) {
    const auto found = std::ranges::find(devices_, kind, &Device::kind);
    return found == devices_.end() ? nullptr : &*found;
}

Status Core::admit(std::string_view kind) {
    if (find(kind) == nullptr) return fail(Reason::unsupported, "this machine has no such kind of evidence");
    if (waiting_ == kWaiting) return fail(Reason::quota_exceeded, "too many calls wait for the device");
    ++waiting_;
    return {};
}

Status Core::admit_evidence(std::string_view kind, std::size_t binding_size, std::size_t request_size) {
    // Never padded or cut: evidence over something else than what was meant is worse than none.
    if (binding_size != kBinding) return fail(Reason::invalid_argument, "the binding is 64 bytes");
    if (request_size > kRequest) return fail(Reason::too_large, "the gate's request");
    return admit(kind);
}

bool Core::finished(std::string_view kind, const Status& status) {
    if (waiting_ > 0) --waiting_;
    Device* device = find(kind);
    if (device == nullptr) return false;
    const bool before = is_absent(device->error);
    if (status) {
        device->error.reset();
    } else if (blames_device(status.error())) {
        device->error = status.error();
    }
    return is_absent(device->error) != before;
}

std::vector<std::string> Core::kinds() const {
    std::vector<std::string> out;
    for (const Device& device : devices_) {
        if (!is_absent(device.error)) out.push_back(device.kind);
    }
    return out;
}

std::string Core::primary() const {
    const auto now = kinds();
    return now.empty() ? std::string() : now.front();
}

std::string Core::trouble() const {
    if (devices_.empty()) return "no kind of evidence is enabled";
    const bool nothing = kinds().empty();
    std::string out;
    for (const Device& device : devices_) {
        if (!device.error || (is_absent(device.error) && !device.expected && !nothing)) continue;
        out.append(out.empty() ? "" : "; ").append(device.kind + ": " + device.error->to_string());
    }
    return out;
}

std::vector<std::string> Core::absent() const {
    std::vector<std::string> out;
    for (const Device& device : devices_) {
        if (is_absent(device.error)) out.push_back(device.kind);
    }
    return out;
}

}  // namespace ct::attestd
