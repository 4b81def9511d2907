// SPDX-License-Identifier: Apache-2.0
// One verb each, in cmd_*.cpp. docs/man/cloudtaser-attest.1.md is the specification.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ct::attest_tool {

// Exit statuses.
inline constexpr int kAffirming = 0, kRefused = 1, kUsage = 2, kUnreadable = 3, kWarning = 4;

struct Told {
    int code = kAffirming;
    std::string out, error;  // for the two streams
};

struct ShowOptions {
    std::vector<std::string> files = {};  // "-": standard input
    bool json = false;
};
Result<Told> show(const ShowOptions& options);

struct VerifyOptions {
    std::string file = {};
    std::string policy = {}, workload = {}, kind = {};
    std::string bundle = {};                // signed collateral
    std::vector<std::string> signers = {};  // "ed25519:HEX"
    std::size_t needed = 1;
    std::vector<std::string> items = {};  // "NAME=FILE": collateral without a bundle
    std::string at = {};                  // empty: now
    std::string binding = {}, nonce = {}, report_data = {};
    bool no_freshness = false;
    std::vector<std::string> certificates = {};
    std::string signature = {}, ak = {}, pcrs = {}, event_log = {};
    std::string ear = {};  // key that signs a result
    bool json = false;
};
// invalid_argument: wrong arguments; any other error: something could not be read.
Result<Told> verify(const VerifyOptions& options, WallTime now);

struct CollectOptions {
    std::string kind = {};  // empty: of the one device that is there
    std::string nonce = {};
    std::string output = {};
    std::string pcrs = {};  // "0,2,7", of bank sha256
    std::string tcti = {}, nsm = {}, event_log = {};
    std::string certificates = {}, td_quote = {};  // files, of a machine on Azure
    bool fresh_report = false;                     // there: the hardware's report, too, is to be over the nonce
    bool json = false;
};
Result<Told> collect(const CollectOptions& options);

}  // namespace ct::attest_tool
