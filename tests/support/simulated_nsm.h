// SPDX-License-Identifier: Apache-2.0
// A Nitro Secure Module of paper: it answers as the real one does and signs with a key under an authority that is made anew for
// each test. Documents can be built field by field, well-formed or not, without sharing code with the parser.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attest/collect/nitro/nsm.h"
#include "base/clock.h"
#include "support/certificate_issuer.h"

namespace ct::test {

// The content of a document, whose every field can be set.
struct NitroPayload {
    std::string module_id = "i-0123456789abcdef0-enc0123456789abcdef";
    std::string digest = "SHA384";
    std::uint64_t timestamp = 1'600'000'000'000;
    std::string pcrs_name = "pcrs";
    std::map<unsigned, Bytes> pcrs = {{0, Bytes(48, 0xa0)}, {1, Bytes(48, 0xa1)}, {2, Bytes(48, 0xa2)}, {4, Bytes(48)}};
    Bytes certificate = Bytes(9, 0xcc);
    std::vector<Bytes> cabundle = {Bytes(5, 0xc0), Bytes(6, 0xc1)};
    std::optional<Bytes> public_key, user_data, nonce;
    bool indefinite = true;  // as enclaves write it

    [[nodiscard]] Bytes bytes() const;
};

inline const Bytes kEs384Header{0xa1, 0x01, 0x38, 0x22};
// A COSE_Sign1; the unprotected header is given in its encoding, an empty map.
Bytes cose_sign1(ByteView payload, ByteView signature, ByteView header = kEs384Header,
                 ByteView unprotected = Bytes{0xa0});

class SimulatedNsm final : public attest::nitro::Nsm {
public:
    // Its certificates are good from an hour before `at`, the leaf for three hours, the others longer.
    explicit SimulatedNsm(WallTime at) : SimulatedNsm(at, maker(at)) {}
    // One of many under one root.
    SimulatedNsm(WallTime at, Issuer root);
    static Issuer maker(WallTime at);
    // Another leaf, and another instance's certificate when that one nears its end, as the hypervisor gives them to an enclave
    // that goes on running.
    void renew(WallTime at);

    Result<Bytes> exchange(ByteView request) override;
    // A document of this content, with our certificates, signed.
    [[nodiscard]] Bytes document(NitroPayload content) const;
    // ES384 over any bytes, by the leaf's key.
    [[nodiscard]] Bytes sign(ByteView message) const;
    [[nodiscard]] std::string root_pem() const { return root_.pem(); }

    NitroPayload content;         // of the next document
    Bytes leaf;                   // in DER
    std::vector<Bytes> cabundle;  // root first
    std::optional<Bytes> answer;  // to every request, instead
    WallTime leaf_end;

private:
    struct Key;
    std::shared_ptr<Key> key_;
    Issuer root_, instance_;
    WallTime instance_from_;
};

}  // namespace ct::test
