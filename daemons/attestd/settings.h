// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "attest/collect/tpm2/settings.h"
#include "base/clock.h"
#include "config/tree.h"

namespace ct::attestd {

// /etc/cloudtaser/attestd.toml; each key with its default:
//
//   [tpm2]
//   enabled = true
//   tcti = "device:/dev/tpmrm0"       # in the words of tpm2-tss
//   event_log = "/sys/kernel/security/tpm0/binary_bios_measurements"
//   idle_release = "10m"              # lets go of the TPM after this time without a call, "0s": after each call. Without
//                                     # it never: the kernel's resource manager lets others use it all the same
//   [tpm2.ak]
//   type = "ecc"                      # or "rsa"; of the key that is made from the template
//   handle = 0                        # of a persistent key to use instead, such as 0x81010002
//   certificates = ""                 # PEM file, leaf first
//   certificate_nv = 0                # NV index with the certificate in DER, such as 0x01c101d0
//   [tpm2.ek]
//   offer = true
//   type = "rsa"                      # or "ecc"
//   handle = 0x81010001               # used if it holds a key of TCG's template
//   certificates = ""                 # PEM file: intermediates beside the certificate in the TPM
struct Settings {
    std::optional<attest::Tpm2Settings> tpm2 = attest::Tpm2Settings{};  // nullopt: not enabled
    std::optional<Seconds> idle_release;
};

Result<Settings> parse_settings(const config::Node& root);

}  // namespace ct::attestd
