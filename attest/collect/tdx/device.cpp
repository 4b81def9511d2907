// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tdx/device.h"

#include <linux/ioctl.h>

#include "attest/collect/device_file.h"
#include "attest/evidence/qgs_messages.h"

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

class KernelDevice final : public Device {
public:
    explicit KernelDevice(std::string path) : file_(std::move(path)) {}
    Status present() override { return file_.present(); }
    Result<Bytes> report(const ByteArray<64>& data) override {
        ReportRequest request{.data = data};
        CT_CHECK(file_.call(kGetReport, &request));
        return to_vector(request.report);
    }

private:
    DeviceFile file_;
};

}  // namespace

std::unique_ptr<Device> open_device(std::string path) { return std::make_unique<KernelDevice>(std::move(path)); }

}  // namespace ct::attest::tdx
