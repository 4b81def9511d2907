// SPDX-License-Identifier: Apache-2.0
// Machines of four kinds with their makers, on paper: what each proves of itself, what a gate knows of them, and what their makers
// publish. Time is a value.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "attest/verify/verifier.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "support/certificate_issuer.h"
#include "support/simulated_snp.h"
#include "support/tdx_maker.h"

namespace ct::test {

// Until when each thing counts that a maker publishes anew from time to time.
struct Ends {
    explicit Ends(WallTime all)
        : amd_list(all), tcb_info(all), enclave_identity(all), platform_list(all), root_list(all) {}
    WallTime amd_list, tcb_info, enclave_identity, platform_list, root_list;
};

class Host {
public:
    virtual ~Host() = default;
    [[nodiscard]] virtual std::string_view kind() const = 0;
    [[nodiscard]] virtual Bytes introduction() const = 0;
    [[nodiscard]] virtual Bytes prove(ByteView request, const Sha512& binding, WallTime now) = 0;
    // Whether verdicts about its kind rest on what makers publish.
    [[nodiscard]] virtual bool needs_collateral() const = 0;
    // TOML in its [[node]]: keys that it was enrolled with.
    [[nodiscard]] virtual std::string enrolled() const { return {}; }

    std::string name;
    Sha256 spki{};  // of its node key
};

class Fleet {
public:
    // So many of each kind: chips, keys and certificates of their own, made by one maker a kind.
    Fleet(std::size_t of_each_kind, WallTime from);

    // Of the kinds in turn.
    [[nodiscard]] const std::vector<std::unique_ptr<Host>>& hosts() const { return hosts_; }
    // [[node]] tables.
    [[nodiscard]] std::string nodes() const;
    // One workload a kind, by the kind's name.
    [[nodiscard]] static std::string policy(const std::string& lifetime);
    // *.pem beside the policy.
    [[nodiscard]] attest::Attachments roots() const;
    // All that the makers of these machines publish, from a day before `now`.
    [[nodiscard]] attest::Collateral published(WallTime now, const Ends& ends) const;

private:
    void add(std::unique_ptr<Host> host);

    std::vector<std::unique_ptr<Host>> hosts_;
    SimulatedSnp amd_;
    Issuer aws_;
    Signer intel_root_, intel_platform_, intel_signer_;
    attest::Collateral chip_certificates_;
};

}  // namespace ct::test
