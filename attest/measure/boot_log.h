// SPDX-License-Identifier: Apache-2.0
// What a measured boot extends from the moment when firmware has its work done, and the values that this leads to: PCR 4, 5 and 9
// of a TPM, RTMR 1 and 2 of a TD. TCG PC Client Platform Firmware Profile, sections 3.3.4 and 10.4; UEFI Specification 2.10,
// section 38.4.1 (which PCR is which register); EDK II SecurityPkg/Tcg/Tcg2Dxe and OvmfPkg/Tcg/TdTcg2Dxe (the order).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "attest/measure/pe_image.h"

namespace ct::attest::measure {

class BootLog {
public:
    explicit BootLog(crypto::Hash bank) : bank_(bank) {}

    void measure(unsigned pcr, ByteView data) { extend(pcr, crypto::digest(bank_, {data})); }
    void extend(unsigned pcr, Bytes digest) { events_.push_back({pcr, std::move(digest), false}); }
    void extend_tpm_only(unsigned pcr, ByteView data) { events_.push_back({pcr, crypto::digest(bank_, {data}), true}); }

    [[nodiscard]] crypto::Hash bank() const { return bank_; }
    [[nodiscard]] Bytes pcr(unsigned index) const;
    // 1 or 2. Of a log in SHA-384 alone: TDs have no other.
    [[nodiscard]] Bytes rtmr(unsigned index) const;

private:
    struct Event {
        unsigned pcr;
        Bytes digest;
        bool tpm_only;  // firmware of a TD does not extend it
    };
    crypto::Hash bank_;
    std::vector<Event> events_;
};

enum class SecureBoot : bool { off, on };

// The images that firmware measures until a kernel runs: this one, and the kernel in it where systemd's stub has firmware load it.
// unsupported for an image with a kernel in it of which it is not known.
Result<std::vector<Bytes>> started_images(const PeImage& image, SecureBoot secure_boot, crypto::Hash bank);

// A boot option names the image, the first that firmware tries. `gpt` is the table of the disk that it is on (gpt.h).
BootLog boot_from_disk(std::vector<Bytes> images, std::optional<ByteView> gpt, crypto::Hash bank);

// What a Linux kernel gets from who starts it; its EFI stub measures it.
struct KernelInput {
    ByteView load_options;  // UTF-16, with its NUL
    ByteView initrd;        // empty: none
};

// The image comes from QEMU (qemu_kernel.h), and OVMF loads it before it declares that it boots.
BootLog boot_from_qemu(std::vector<Bytes> images, const std::optional<KernelInput>& input, crypto::Hash bank);

// By what its EFI stub writes into the event log.
bool measures_its_input(const PeImage& kernel);
// Also where there is no TPM but the registers of a TD: Linux since 6.9, which looks for the protocol by its GUID.
bool measures_in_tds(const PeImage& kernel);

}  // namespace ct::attest::measure
