// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tdx/device.h"

#include <fcntl.h>
#include <linux/ioctl.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "attest/evidence/qgs_messages.h"
#include "base/fd.h"

namespace ct::attest::tdx {
namespace {

// Of the kernel's <linux/tdx-guest.h>, which Linux has since 6.2.
struct ReportRequest {
    ByteArray<64> data{};
    ByteArray<kModuleReportSize> report{};
};
static_assert(sizeof(ReportRequest) == 1088);
constexpr unsigned long kGetReport = _IOWR('T', 1, ReportRequest);
static_assert(kGetReport == 0xc4405401);

class DeviceFile final : public Device {
public:
    explicit DeviceFile(std::string path) : path_(std::move(path)) {}

    Status present() override {
        CT_TRY([[maybe_unused]] const Fd device, open());
        return {};
    }

    Result<Bytes> report(const ByteArray<64>& data) override {
        CT_TRY(const Fd device, open());
        ReportRequest request{.data = data};
        int result = 0;
        do {
            result = ::ioctl(device.get(), kGetReport, &request);
        } while (result < 0 && errno == EINTR);
        if (result < 0) return fail_errno(Reason::evidence_device_failed, path_);
        return to_vector(request.report);
    }

private:
    [[nodiscard]] Result<Fd> open() const {
        Fd device(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
        if (device) return device;
        const bool absent = errno == ENOENT || errno == ENODEV || errno == ENXIO;
        return fail_errno(absent ? Reason::evidence_device_absent : Reason::evidence_device_failed, path_);
    }
    std::string path_;
};

}  // namespace

std::unique_ptr<Device> open_device(std::string path) { return std::make_unique<DeviceFile>(std::move(path)); }

}  // namespace ct::attest::tdx
