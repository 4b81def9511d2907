// SPDX-License-Identifier: Apache-2.0
// What systemd-stub measures of a unified kernel image: PCR 11. UAPI.5 Unified Kernel Image; systemd-stub(7), systemd-measure(1);
// systemd src/fundamental/uki.h has the order.
#pragma once

#include <string>
#include <vector>

#include "attest/measure/pe_image.h"

namespace ct::attest::measure {

struct UkiPcr11 {
    std::string phase;  // "", then as systemd-pcrphase extends it: "enter-initrd", "enter-initrd:leave-initrd"...
    Bytes value;
};

// Which release of systemd-stub an image begins with, by its section .sdmagic; 0 if it does not say.
unsigned stub_version(const PeImage& image);

// Debian's initramfs-tools makes initrds without systemd: they extend no words.
enum class Initrd : std::uint8_t { of_systemd, other };

// The register as the stub leaves it, and after each of the phases. invalid_argument for no kernel in the image, or sections of
// which it depends on the machine whether they are used; unsupported for a stub whose rules are not known.
Result<std::vector<UkiPcr11>> uki_pcr11(const PeImage& image, crypto::Hash bank, Initrd initrd = Initrd::of_systemd);

// The sections that count, as they are measured.
Result<std::vector<const PeSection*>> measured_sections(const PeImage& image);

}  // namespace ct::attest::measure
