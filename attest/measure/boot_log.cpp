// SPDX-License-Identifier: Apache-2.0
#include "attest/measure/boot_log.h"

#include <string>

#include "attest/measure/uki.h"

namespace ct::attest::measure {
namespace {

constexpr unsigned kImages = 4, kDisk = 5, kKernelInput = 9;
constexpr ByteArray<4> kSeparator{};
constexpr std::string_view kCalling = "Calling EFI Application from Boot Option";
constexpr std::string_view kExit = "Exit Boot Services Invocation";
constexpr std::string_view kExited = "Exit Boot Services Returned with Success";
// With Secure Boot the stub takes the firmware's handler out of the way, with what it measures.
constexpr unsigned kFirstStub = 252, kLastStub = 257, kLastSecureStub = 252;

void declare_boot(BootLog& log) {
    log.measure(kImages, as_bytes(kCalling));
    log.measure(kImages, kSeparator);
    // A TPM's firmware ends each of PCR 0 to 6, that of a TD the one register.
    log.extend_tpm_only(kDisk, kSeparator);
}

void leave_firmware(BootLog& log) {
    log.measure(kDisk, as_bytes(kExit));
    log.measure(kDisk, as_bytes(kExited));
}

Result<PeImage> inner_kernel(const PeSection& section) {
    if (section.size > section.data.size()) return fail(Reason::unsupported, ".linux: larger than what is in the file");
    auto kernel = parse_pe(section.data.first(section.size));
    if (!kernel) return fail(kernel.error().reason, ".linux: " + kernel.error().context);
    return kernel;
}

bool contains(ByteView file, std::string_view words) { return as_text(file).find(words) != std::string_view::npos; }

}  // namespace

Bytes BootLog::pcr(unsigned index) const {
    Bytes value(crypto::digest_size(bank_));
    for (const Event& event : events_)
        if (event.pcr == index) value = crypto::digest(bank_, {value, event.digest});
    return value;
}

Bytes BootLog::rtmr(unsigned index) const {
    const auto is_in = [index](unsigned pcr) { return index == 1 ? pcr >= 2 && pcr <= 6 : pcr >= 8 && pcr <= 15; };
    Bytes value(crypto::digest_size(bank_));
    for (const Event& event : events_)
        if (is_in(event.pcr) && !event.tpm_only) value = crypto::digest(bank_, {value, event.digest});
    return value;
}

Result<std::vector<Bytes>> started_images(const PeImage& image, SecureBoot secure_boot, crypto::Hash bank) {
    std::vector<Bytes> out = {authenticode_digest(image, bank)};
    const PeSection* inner = image.find(".linux");
    if (inner == nullptr) return out;
    const unsigned stub = stub_version(image);
    if (stub < kFirstStub || stub > (secure_boot == SecureBoot::on ? kLastSecureStub : kLastStub))
        return fail(Reason::unsupported,
                    "it is known for systemd-stub of release 252 to 257, and with Secure Boot of release 252");
    CT_TRY(const PeImage kernel, inner_kernel(*inner));
    if (secure_boot == SecureBoot::off) out.push_back(authenticode_digest(kernel, bank));
    return out;
}

BootLog boot_from_disk(std::vector<Bytes> images, std::optional<ByteView> gpt, crypto::Hash bank) {
    BootLog log(bank);
    declare_boot(log);
    if (gpt) log.measure(kDisk, *gpt);
    for (Bytes& digest : images)
        log.extend(kImages, std::move(digest));
    leave_firmware(log);
    return log;
}

BootLog boot_from_qemu(std::vector<Bytes> images, const std::optional<KernelInput>& input, crypto::Hash bank) {
    BootLog log(bank);
    for (Bytes& digest : images) {
        const bool first = &digest == &images.front();
        log.extend(kImages, std::move(digest));
        if (first) declare_boot(log);
    }
    if (input && !input->load_options.empty()) log.measure(kKernelInput, input->load_options);
    if (input && !input->initrd.empty()) log.measure(kKernelInput, input->initrd);
    leave_firmware(log);
    return log;
}

bool measures_its_input(const PeImage& kernel) {
    return contains(kernel.file, "LOADED_IMAGE::LoadOptions") && contains(kernel.file, "Linux initrd");
}

bool measures_in_tds(const PeImage& kernel) {
    // EFI_CC_MEASUREMENT_PROTOCOL_GUID. A compiler may write it in pieces.
    constexpr std::string_view guid = "\x3d\x1a\x75\x96\xf4\x72\xa6\x41\xa7\x94\xed\x5d\x0e\x67\xae\x6b";
    for (std::size_t at = 0; at < guid.size(); at += 4)
        if (!contains(kernel.file, guid.substr(at, 4))) return false;
    return true;
}

}  // namespace ct::attest::measure
