// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "attest/collect/nitro/nsm.h"
#include "attest/collect/snp/device.h"
#include "attest/collect/tdx/device.h"
#include "attest/collect/tdx/quote_service.h"
#include "attest/collect/tpm2/settings.h"
#include "attest/collect/tsm/folder.h"
#include "base/clock.h"
#include "config/tree.h"

namespace ct::attestd {

// `enabled`: false, true, or "auto", which uses the device where there is one and misses it only where there is no other either.
enum class Use : std::uint8_t { no, yes, if_there };

// /etc/cloudtaser/attestd.toml; each key with its default:
//
//   [tpm2]
//   enabled = "auto"
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
//   [sev-snp]
//   enabled = "auto"
//   reports = "/sys/kernel/config/tsm/report"
//   device = "/dev/sev-guest"         # asked where the kernel has no such folder
//   vmpl = 0                          # the most privileged level of this guest, where the kernel's folder does not tell
//   [tdx]
//   enabled = "auto"
//   reports = "/sys/kernel/config/tsm/report"
//   device = "/dev/tdx_guest"         # asked where the kernel has no such folder, and then
//   quote_service = "vsock:2:4050"    # the host, which makes a quote of it; or "unix:/SOCKET", "": nobody
//   [nitro]
//   enabled = "auto"
//   device = "/dev/nsm"
//
// A cloud's TPM together with its confidential hardware, reached as [tpm2] and [sev-snp] say. Only where asked for: on other
// machines the TPM has nothing to say for them.
//
//   [azure-snp]
//   enabled = false
//   certificates = ""                 # PEM file with the chip's certificate first; without it the gate must have it
//   [azure-tdx]
//   enabled = false
//   quote = ""                        # file with a quote of this TD; required where enabled
//   [gce-snp]
//   enabled = false
//
// Simulated devices are there only where they are named. They prove nothing, and the gate knows them by their kind.
//
//   [simulated-sev-snp]
//   reports = "/FOLDER"               # one like the kernel's
//   [simulated-tdx]
//   reports = "/FOLDER"               # or, as where the kernel has none:
//   device = "/FILE"
//   quote_service = "unix:/SOCKET"
//   [simulated-nitro]
//   device = "unix:/SOCKET"
//   [simulated-azure-snp]
//   tcti = "swtpm:path=/SOCKET"       # with the HCL report and the key where Azure has them
//   event_log = ""
//   certificates = ""                 # PEM file with the chip's certificate first
//   [simulated-azure-tdx]
//   tcti = "swtpm:path=/SOCKET"
//   event_log = ""
//   quote = "/FILE"
//   [simulated-gce-snp]
//   tcti = "swtpm:path=/SOCKET"       # with the key's template and certificate where Google has them
//   event_log = ""
//   reports = "/FOLDER"
struct SimulatedTpm {
    std::string tcti, event_log;
};
using QuoteService = std::optional<attest::tdx::ServiceAddress>;
struct Settings {
    Use use_tpm2 = Use::if_there;
    attest::Tpm2Settings tpm2;
    std::optional<Seconds> idle_release;
    struct {
        Use use = Use::if_there;
        std::string reports = attest::tsm::kReports, device = attest::snp::kDevice;
        std::uint32_t vmpl = 0;
    } snp;
    struct {
        Use use = Use::if_there;
        std::string reports = attest::tsm::kReports, device = attest::tdx::kDevice;
        QuoteService quote_service = attest::tdx::ServiceAddress();
    } tdx;
    struct {
        Use use = Use::if_there;
        std::string device = attest::nitro::kDevice;
    } nitro;
    bool azure_snp = false, azure_tdx = false, gce_snp = false;
    std::string azure_certificates, azure_quote;  // files
    // Empty: none.
    std::string simulated_snp;    // a folder of reports
    std::string simulated_nitro;  // a socket
    struct {
        std::string reports, device;
        QuoteService quote_service;
    } simulated_tdx;
    // Without a TPM: none.
    struct {
        SimulatedTpm tpm;
        std::string certificates;
    } simulated_azure_snp;
    struct {
        SimulatedTpm tpm;
        std::string quote;
    } simulated_azure_tdx;
    struct {
        SimulatedTpm tpm;
        std::string reports;
    } simulated_gce_snp;
};

Result<Settings> parse_settings(const config::Node& root);

}  // namespace ct::attestd
