// SPDX-License-Identifier: Apache-2.0
// Files for a gate that people sign (attest/signed/envelope.h), as they lie on a desk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attest/judge/makers.h"
#include "attest/signed/envelope.h"
#include "base/result.h"
#include "clients/ctl/output.h"

namespace ct::ctl {

Result<attest::Envelope> read_signed(const std::string& path);
Status write_signed(const std::string& path, const attest::Envelope& envelope);

// Adds the signature of each key file to the file, in place. Both purposes say the same then.
Result<int> sign_file(const std::string& path, const std::vector<std::string>& keys, std::string_view purpose,
                      Output& out);

// "ed25519:HEX", each; `needed` of them.
Result<judge::Signers> parse_signers(const std::vector<std::string>& texts, std::size_t needed);

// The signatures of a file: whose, and whether they are good, as far as `signers` tell. False if one of theirs is not.
bool show_signatures(const attest::Envelope& envelope, std::string_view purpose, const judge::Signers& signers,
                     Output& out);

}  // namespace ct::ctl
