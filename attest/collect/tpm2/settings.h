// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "attest/collect/collector.h"

namespace ct::attest {

enum class TpmKeyType : std::uint8_t { ecc, rsa };  // NIST P-256; RSA of 2048 bits

struct Tpm2Settings {
    // How the TPM is reached, in the words of tpm2-tss: "device:/dev/tpmrm0", "swtpm:path=/run/tpm.sock".
    std::string tcti = "device:/dev/tpmrm0";
    // The attestation key: at a persistent handle (0x81......), or, with 0, made anew from a fixed template under the
    // endorsement hierarchy whenever the TPM is opened. The same TPM makes the same key each time: nothing is stored.
    std::uint32_t ak_handle = 0;
    TpmKeyType ak_type = TpmKeyType::ecc;  // of the key that is made
    std::uint32_t ak_template_nv = 0;      // NV index with a template to use instead of ours, or 0
    // Certificates of the attestation key: a file (PEM, leaf first) or the NV index that some clouds fill (DER); or none.
    std::string ak_certificates;
    std::uint32_t ak_certificate_nv = 0;
    // The endorsement key: the first persistent handle that holds one by TCG's template, else made from the template.
    bool offer_ek = true;
    TpmKeyType ek_type = TpmKeyType::rsa;
    std::uint32_t ek_handle = 0x81010001;
    std::string ek_certificates;  // beside the one in the TPM: intermediates (PEM), or empty
    std::string event_log = "/sys/kernel/security/tpm0/binary_bios_measurements";
};

// Kind "tpm2". Opens nothing yet: an absent device shows as evidence_device_absent at the first call.
std::unique_ptr<Collector> make_tpm2_collector(Tpm2Settings settings);

}  // namespace ct::attest
