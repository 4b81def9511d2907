// SPDX-License-Identifier: Apache-2.0
// From files of any origin to what a Verifier takes. Evidence that was made for a release is over that exchange's R; other
// evidence is over whatever its maker was given, and this is where that is compared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/verify/verifier.h"
#include "base/bytes.h"
#include "base/result.h"
#include "clients/attest/formats.h"

namespace ct::attest_tool {

// What shows that the evidence was made now and for the one who asks.
struct Expected {
    enum class What : std::uint8_t {
        binding,      // R of a release, 64 bytes
        nonce,        // of a document, a quote, or of `collect`
        report_data,  // of a report or quote of a processor, up to 64 bytes; zeros follow
        nothing       // the evidence may be of any age
    };
    What what = What::nothing;
    Bytes bytes;
};

// Files beside the evidence, for formats that do not hold everything.
struct Beside {
    std::vector<Bytes> certificates;  // DER: of the key that signed, its issuers
    Bytes signature;                  // TPMT_SIGNATURE
    Bytes ak;                         // TPM2B_PUBLIC or TPMT_PUBLIC
    Bytes pcrs;                       // as pcr_file.h reads them
    Bytes event_log;
};

struct Exhibit {
    std::string kind;  // of a real device; a policy may know it as simulated
    Bytes introduction, evidence;
    Sha512 binding{};
    bool fresh = true;
    Bytes nonce;                            // what it had to be over
    bool for_release = true;                // as in attest::Subject
    std::vector<attest::Finding> findings;  // where it is false: of what was compared here
};

// invalid_argument where something beside the evidence is missing, or what is expected does not fit the format.
Result<Exhibit> exhibit_of(ByteView file, const Beside& beside, const Expected& expected);

}  // namespace ct::attest_tool
