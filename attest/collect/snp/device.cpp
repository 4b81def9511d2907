// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/snp/device.h"

#include <linux/ioctl.h>

#include <algorithm>

#include "attest/collect/device_file.h"
#include "attest/evidence/cursor.h"
#include "attest/evidence/snp_report.h"

namespace ct::attest::snp {
namespace {

constexpr std::size_t kTable = 16UZ * 1024;  // the kernel takes whole pages, and no more than these
// MSG_REPORT_RSP (AMD 56860): status, size of the report, 24 reserved bytes, the report.
constexpr std::size_t kReserved = 24;

class KernelDevice final : public Device {
public:
    explicit KernelDevice(std::string path) : file_(std::move(path)) {}
    Status present() override { return file_.present(); }
    Status call(unsigned long command, snp_guest_request_ioctl& argument) override {
        return file_.call(command, &argument);
    }

private:
    DeviceFile file_;
};

template <class T>
std::uint64_t address_of(T* at) {
    return reinterpret_cast<std::uintptr_t>(at);
}

// What the kernel's errno leaves out: the host's word, the firmware's, or that there is no key to talk to the firmware with.
std::unexpected<Error> explained(Error error, const snp_guest_request_ioctl& argument) {
    if (argument.vmm_error == SNP_GUEST_VMM_ERR_INVALID_LEN)
        error.context += ": the host has more certificates than the kernel takes";
    else if (argument.vmm_error != 0)
        error.context += ": the host refuses, error " + std::to_string(argument.vmm_error);
    else if (argument.fw_error != 0)
        error.context += ": the firmware refuses, error " + std::to_string(argument.fw_error);
    else if (error.sys_errno == ENOTTY)
        error.context += ": after an error the kernel talks to the firmware no more until the next boot";
    return std::unexpected(std::move(error));
}

}  // namespace

std::unique_ptr<Device> open_device(std::string path) { return std::make_unique<KernelDevice>(std::move(path)); }

Result<SignedReport> ask_device(Device& device, const ByteArray<64>& data, std::uint32_t vmpl) {
    SignedReport out;
    out.certificates.resize(kTable);
    snp_ext_report_req request{};
    std::ranges::copy(data, request.data.user_data);
    request.data.vmpl = vmpl;
    request.certs_address = address_of(out.certificates.data());
    request.certs_len = kTable;
    snp_report_resp response{};
    snp_guest_request_ioctl argument{};
    argument.msg_version = 1;
    argument.req_data = address_of(&request);
    argument.resp_data = address_of(&response);
    if (const Status asked = device.call(SNP_GET_EXT_REPORT, argument); !asked)
        return explained(asked.error(), argument);

    Cursor answer(response.data);
    const std::uint32_t status = answer.le32(), size = answer.le32();
    answer.take(kReserved);
    if (status != 0)
        return fail(Reason::evidence_device_failed, "the firmware makes no report, status " + std::to_string(status));
    if (size != kReportSize) return fail(Reason::evidence_device_failed, "a report of another size");
    out.report = to_vector(answer.take(kReportSize));
    return out;
}

}  // namespace ct::attest::snp
