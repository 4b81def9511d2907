// SPDX-License-Identifier: Apache-2.0
// One node as a gate enrols it, on its way between the two: a file that an admin carries, and a short fingerprint that a
// person compares at both ends.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "attest/judge/enrolment.h"
#include "base/bytes.h"
#include "base/result.h"

namespace ct::ctl {

struct NodeEntry {
    std::string name;
    std::vector<Sha256> spki;                                                // of its certificates' keys
    std::map<std::string, std::vector<std::string>, std::less<>> keys = {};  // words by kind of evidence
    bool revoked = false;
    bool operator==(const NodeEntry&) const = default;
};

// 100 bits of a digest in groups that a person can read aloud: "k7qd-2mxa-09vb-sw3e-p5tn" (Crockford's base32).
inline constexpr std::size_t kShortGroups = 5;
std::string short_form(const Sha256& digest);
// Over name and keys, whatever their order; not over `revoked`.
std::string short_fingerprint(const NodeEntry& entry);
// Whether a person's words (any case, with or without dashes and blanks) say this fingerprint.
bool says(std::string_view words, std::string_view fingerprint);

// A [[node]] table.
std::string to_toml(const NodeEntry& entry);
// A file with exactly one [[node]]; config_invalid with file:line otherwise.
Result<NodeEntry> read_entry(std::string_view text, const std::string& file,
                             const judge::FindVerifier& find = attest::find_verifier);
// All that a gate knows, by name.
std::map<std::string, NodeEntry> entries_of(const judge::Enrolments& nodes);

}  // namespace ct::ctl
