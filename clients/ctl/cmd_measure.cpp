// SPDX-License-Identifier: Apache-2.0
// Reference values of what a build made, as lines for a policy. A value says what was loaded, not what it then does: each verb
// names what it does not cover.
#include <charconv>

#include "attest/measure/snp_launch.h"
#include "attest/measure/tdx_launch.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/measure_files.h"
#include "codec/hex.h"

namespace ct::ctl {
namespace {

namespace measure = attest::measure;

Result<std::uint64_t> parse_hex(const std::string& text, const char* option) {
    std::string_view digits = text;
    if (digits.starts_with("0x")) digits.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
        return fail(Reason::invalid_argument, std::string(option) + ": write a number in hexadecimal");
    return value;
}

Result<std::uint32_t> signature_of(const MeasureSnpOptions& options) {
    if (!options.signature.empty()) {
        CT_TRY(const auto value, parse_hex(options.signature, "--cpu-signature"));
        if (value > UINT32_MAX) return fail(Reason::invalid_argument, "--cpu-signature: 32 bits");
        return static_cast<std::uint32_t>(value);
    }
    if (options.hypervisor != "qemu") return 0U;  // the others do not tell the guest
    if (const auto known = measure::cpu_signature(options.cpu)) return *known;
    return fail(Reason::invalid_argument, "--cpu: QEMU's name of the processor (EPYC-Milan), or give --cpu-signature");
}

}  // namespace

Result<int> measure_snp(const MeasureSnpOptions& options, Output& out) {
    CT_TRY(const std::string image, read_file(options.firmware, measure::kMostFirmware));
    CT_TRY(const std::string kernel, read_boot_file(options.kernel));
    CT_TRY(const std::string initrd, read_boot_file(options.initrd));
    CT_TRY(const std::uint32_t signature, signature_of(options));
    CT_TRY(const std::uint64_t features, parse_hex(options.features, "--features"));
    const auto hypervisor = measure::hypervisor_from(options.hypervisor);
    if (!hypervisor) return fail(Reason::invalid_argument, "--hypervisor: qemu, ec2 or gce");
    const auto firmware = measure::parse_firmware(as_bytes(image));
    if (!firmware) return in_file(options.firmware, firmware.error());
    std::optional<measure::DirectBoot> boot;
    if (!options.kernel.empty()) boot = {as_bytes(kernel), as_bytes(initrd), options.command_line};
    if (!boot && (!options.initrd.empty() || !options.command_line.empty()))
        return fail(Reason::invalid_argument, "--initrd and --cmdline are measured with a --kernel only");

    out.line("# [workload.NAME.sev-snp]");
    out.line("measurement = [");
    out.json().begin_object().key("kind").string("sev-snp").key("measurements").begin_array();
    for (const unsigned processors : options.processors) {
        const auto digest = measure::snp_launch_digest({*firmware, processors, signature, features, *hypervisor, boot});
        if (!digest) return in_file(options.firmware, digest.error());
        out.line("    \"" + hex_encode(*digest) + "\",  # " + std::to_string(processors) +
                 (processors == 1 ? " processor" : " processors"));
        out.json().begin_object().key("processors").number(processors).key("measurement").string(hex_encode(*digest));
        out.json().end_object();
    }
    out.line("]");
    out.json().end_array();
    if (boot)
        not_covered({"an ID block, host data, the guest policy: they have keys of their own",
                     "firmware that is not OVMF's own, an SVSM, IGVM files"},
                    out);
    else
        not_covered({"all that the firmware loads later: kernel, initrd, command line (give --kernel), disks",
                     "an ID block, host data, the guest policy: they have keys of their own",
                     "firmware that is not OVMF's own, an SVSM, IGVM files"},
                    out);
    out.json().end_object();
    return 0;
}

Result<int> measure_tdx(const std::string& path, Output& out) {
    CT_TRY(const std::string image, read_file(path, measure::kMostFirmware));
    const auto firmware = measure::parse_firmware(as_bytes(image));
    if (!firmware) return in_file(path, firmware.error());
    const auto by_page = measure::tdx_mrtd(*firmware, measure::PageOrder::page_by_page);
    const auto by_section = measure::tdx_mrtd(*firmware, measure::PageOrder::adds_then_extends);
    if (!by_page) return in_file(path, by_page.error());
    if (!by_section) return in_file(path, by_section.error());
    out.line("# [workload.NAME.tdx]");
    out.line("mrtd = [");
    out.line("    \"" + hex_encode(*by_page) + "\",  # a host with Linux 6.16 or newer");
    out.line("    \"" + hex_encode(*by_section) + "\",  # a host whose KVM adds all pages of a section first");
    out.line("]");
    out.json().begin_object().key("kind").string("tdx");
    out.json().key("mrtd").string(hex_encode(*by_page)).key("mrtd_adds_first").string(hex_encode(*by_section));
    not_covered({"RTMR 0 to 3: memory map, ACPI tables, boot variables, kernel and command line",
                 "firmware of a cloud that adds pages of its own; its maker publishes MRTD"},
                out);
    out.json().end_object();
    return 0;
}

}  // namespace ct::ctl
