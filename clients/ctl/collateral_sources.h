// SPDX-License-Identifier: Apache-2.0
// Where the makers publish what a collateral bundle holds. AMD: VCEK Certificate and KDS Interface Specification (57230).
// Intel: SGX and TDX Provisioning Certification Service API, version 4.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "attest/verify/verifier.h"
#include "base/result.h"
#include "http/download.h"

namespace ct::ctl {

// An item of a bundle (attest/collateral/items.h). AMD's key server wants to know the product of a chip, which its name does not say.
struct Wanted {
    std::string name;
    std::string product = {};  // "Milan"; of a VCEK
};

// What does not depend on which machines a company has.
std::vector<Wanted> always_wanted();

// One a line: NAME, or for a VCEK NAME and its product; "#" begins a comment. malformed with the line.
Result<std::vector<Wanted>> parse_wanted(std::string_view text);

enum class Service : std::uint8_t { amd, intel };
std::string_view to_string(Service service);

struct Source {
    Service service = Service::amd;
    std::string path;  // with its query
    // The certificates of the signer come in a header of the answer, and are an item of their own.
    std::string chain_header = {}, chain_item = {};
    bool hex = false;  // the body may be the hexadecimal of the item
};
// invalid_argument for an item that no maker publishes: a chain (which comes with what it signs), a deny list.
Result<Source> source_of(const Wanted& wanted);

// The items in an answer of status 200, not yet examined. malformed.
Result<attest::Collateral> items_in(const Wanted& wanted, const Source& source, const http::Document& answer);

}  // namespace ct::ctl
