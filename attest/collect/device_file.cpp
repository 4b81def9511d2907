// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/device_file.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include "base/fd.h"

namespace ct::attest {
namespace {

Result<Fd> open_file(const std::string& path) {
    Fd device(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (device) return device;
    const bool absent = errno == ENOENT || errno == ENODEV || errno == ENXIO;
    return fail_errno(absent ? Reason::evidence_device_absent : Reason::evidence_device_failed, path);
}

}  // namespace

Status DeviceFile::present() const {
    CT_TRY([[maybe_unused]] const Fd device, open_file(path_));
    return {};
}

Status DeviceFile::call(unsigned long command, void* argument) const {
    CT_TRY(const Fd device, open_file(path_));
    int result = 0;
    do {
        result = ::ioctl(device.get(), command, argument);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return fail_errno(Reason::evidence_device_failed, path_);
    return {};
}

}  // namespace ct::attest
