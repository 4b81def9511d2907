// SPDX-License-Identifier: Apache-2.0
// An SEV-SNP processor that a test owns, with a maker of its own: signs reports as firmware does, under keys made at test
// time. Every field can be bent.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attest/evidence/snp_report.h"
#include "base/bytes.h"
#include "base/clock.h"

namespace ct::test {

struct SnpReport {
    std::uint32_t version = 3, guest_svn = 1;
    std::uint64_t policy = 0x30000;
    std::uint32_t vmpl = 0, algorithm = 1;
    std::uint64_t platform_info = 0x25;
    std::uint32_t flags = 0;
    ByteArray<16> family_id{}, image_id{};
    ByteArray<64> report_data{};
    ByteArray<48> measurement{}, id_key_digest{}, author_key_digest{};
    ByteArray<32> host_data{};
    ByteArray<8> current_tcb{}, reported_tcb{}, committed_tcb{}, launch_tcb{};
    ByteArray<3> cpuid{0x19, 0x01, 0x01};
    ByteArray<64> chip_id{};
    Bytes report_id_ma = Bytes(32, 0xff);
    [[nodiscard]] Bytes unsigned_bytes() const;  // 1184, its signature zero
};

// What a certificate of a signing key says; an empty member is left out, raw() is what lies in the extension.
struct SnpCertificate {
    std::map<std::string, Bytes> extensions;  // by OID
    std::string twice;                        // the one that is there again
    WallTime not_before, not_after;
};

namespace guid {
inline constexpr const char *kVcek = "63da758d-e664-4564-adc5-f4b93be8accd",
                            *kVlek = "a8074bc2-a25a-483e-aae6-39c045a0b8a1",
                            *kAsk = "4ab7b379-bbac-4fe4-a02f-05aef327c782",
                            *kArk = "c0b406a4-a803-4952-9743-3fb6014cd0ae",
                            *kCrl = "92f81bc3-5811-4d3d-97ff-d19f88dc67ea";
}
// A host's table of certificates, by the words that specifications have for GUIDs.
Bytes certificate_table(const std::vector<std::pair<std::string, Bytes>>& entries);

class SimulatedSnp {
public:
    struct Options {
        attest::snp::Product product = attest::snp::Product::milan;
        bool vlek = false;
        WallTime at = {};  // all certificates are good for a year around it
        int maker = 0;     // makers have keys of their own, made once in a process
        std::function<void(SnpCertificate&)> bend_certificate = {};
        long ask_serial = 0x010001;
    };
    explicit SimulatedSnp(Options options);

    [[nodiscard]] std::string root_pem() const;  // the maker's root, for a policy
    [[nodiscard]] std::string intermediate_pem() const;
    [[nodiscard]] Bytes signing_key_certificate() const;
    [[nodiscard]] Bytes intermediate_certificate() const;
    // As its host hands them over.
    [[nodiscard]] Bytes host_table() const;
    // The maker's list: which serial numbers of intermediates it revokes.
    [[nodiscard]] Bytes revocation_list(std::vector<long> serials, WallTime from, WallTime until) const;
    // Fields as a guest on this processor sees them, before anything is bent.
    [[nodiscard]] SnpReport fields() const;
    [[nodiscard]] Bytes sign(const SnpReport& report) const;
    [[nodiscard]] Bytes sign_bytes(Bytes report) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace ct::test
