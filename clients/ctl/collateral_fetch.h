// SPDX-License-Identifier: Apache-2.0
// Brings a folder of collateral up to date: asks the makers for what is missing, old or near its end, one request at a time, and
// keeps what is there when a service does not answer. An answer takes an item's place only after it has been examined.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "clients/ctl/collateral_folder.h"
#include "clients/ctl/collateral_sources.h"

namespace ct::ctl {

struct FetchRules {
    std::chrono::days ahead{10};  // an item that ends sooner is near its end
    std::chrono::days age{7};     // one that was stored longer ago is old: a list may have grown. Not for VCEKs
    Seconds pace{10};             // between two requests to AMD's key server, which allows no more
    int tries = 5;                // of one item
    Seconds patience{900};        // that all waits for one service may take
};

struct FetchPorts {
    std::function<Result<http::Document>(Service service, const std::string& path)> get;
    std::function<void(Seconds time, std::string_view why)> wait;
    std::function<WallTime()> now;
};

struct Fetched {
    enum class Outcome : std::uint8_t {
        fresh,    // was in order; nobody was asked
        fetched,  // anew
        kept,     // could not be fetched; what was there counts until `until`
        missing,  // could not be fetched, and nothing that counts was there
    };
    std::string name;
    Outcome outcome = Outcome::missing;
    WallTime until = WallTime::min();
    std::string why = {};  // of kept and missing
};
std::string_view to_string(Fetched::Outcome outcome);

// One row for each wanted item. Errors are of the folder, not of a service.
Result<std::vector<Fetched>> fetch_collateral(const std::vector<Wanted>& wanted, CollateralFolder& folder,
                                              const FetchRules& rules, const FetchPorts& ports,
                                              const attest::OtherMakers& others = {});

}  // namespace ct::ctl
